"""The page of a report in a real Chromium: on screen and paper, by keyboard, in both languages, offline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from hack.cluster.packages import ensure
from hack.cluster.progress import Progress
from paddle_operator.cli.report.figures import Clock
from paddle_operator.cli.report.page import page as page_of
from tests.operator.cli.report.a_day import NEW, OLD, a_day

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    ensure(["chromium"], Progress())
    with sync_playwright() as running:
        started = running.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """The report of a day, opened as a file; whatever it asks for beside itself fails the test."""
    file = tmp_path / "report.html"
    file.write_text(page_of(a_day(), Clock(ZoneInfo("Asia/Shanghai")), "en"), encoding="utf-8")
    context = browser.new_context(viewport={"width": 1000, "height": 900})
    opened = context.new_page()
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: asked.append(message.text))
    opened.goto(file.as_uri())
    yield opened
    assert asked == [file.as_uri()]
    context.close()


def test_a_manager_sees_what_was_promised_and_what_was_attained(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_contain_text("invoice-ocr")
    expect(page.locator(".lead")).to_have_text("Not kept: 1 of 3 promises.", use_inner_text=True)
    card = page.locator(".card").first
    expect(card).to_contain_text("Broken")
    expect(card).to_contain_text("promised: 99.5 %", use_inner_text=True)
    expect(page.locator("section.objective").first.locator("table").first).to_contain_text(NEW)


def test_plots_show_course_target_incidents_unknown_and_excluded_time(page: Page) -> None:
    first = page.locator("section.objective").first
    attained, budget = first.locator("svg.plot").all()
    assert attained.locator("polyline.course").count() >= 1
    for kind in ("line.target", "rect.incident", "rect.unknown", "rect.excluded"):
        assert attained.locator(kind).count() >= 1, kind
    assert [title.text_content() for title in budget.locator("polygon.area title").all()] == [OLD, NEW]
    box = attained.bounding_box()
    assert box is not None
    for shape in attained.locator("rect, polyline").all():
        inner = shape.bounding_box()
        assert inner is not None
        assert box["x"] - 1 <= inner["x"]
        assert inner["x"] + inner["width"] <= box["x"] + box["width"] + 1


def test_the_language_is_chosen_by_keyboard_and_the_other_is_not_there(page: Page) -> None:
    expect(page.get_by_text("Evidence", exact=True)).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("依据", exact=True)).to_be_visible()
    expect(page.get_by_text("Evidence", exact=True)).to_be_hidden()
    expect(page.locator(".lead")).to_contain_text("3 项承诺中有 1 项未兑现")


def test_a_screen_reader_hears_what_the_plots_show(page: Page) -> None:
    tree = page.locator("body").aria_snapshot()
    for part in (
        'heading "availability: 99.5 % of requests answered" [level=2]',
        '- img "Good requests over time, with the promise as a dashed line. Points below it are marked."',
        '- img "Error budget spent so far, by revision. At 100 % all of it is spent."',
        '- radio "English" [checked]',
        '- columnheader "Budget spent"',
    ):
        assert part in tree, f"{part} is not in\n{tree}"


def test_a_narrow_screen_needs_no_scrolling_sideways(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_it_prints_on_a_few_pages_without_what_is_for_screens(page: Page) -> None:
    page.emulate_media(media="print")
    expect(page.locator(".languages")).to_be_hidden()
    assert page.pdf(format="A4").count(b"/Type /Page\n") <= 8
