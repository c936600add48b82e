"""The page at `/` in a real Chromium: by mouse, by keyboard, by clipboard, in both languages."""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from hack.cluster.packages import ensure
from hack.cluster.progress import Progress
from hack.demo.kubectl import Kube
from hack.demo.page import INVOICE, render
from tests.e2e.resources import ocr
from tests.e2e.testbed import Testbed
from tests.runtime.serving.testbed import RunningServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
HOST = "page.example.com"
SERVE = (sys.executable, "-m", "paddle_runtime.main", "serve")
# No sandbox: the tests run as root. The rest keeps it from asking for anything on a network.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PICTURE = render(INVOICE)
PNG = {"name": "invoice.png", "mimeType": "image/png", "buffer": PICTURE.png}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("server")
    with RunningServer(folder, SERVE, model="builtin:ppocr-v4-mobile") as running:
        yield running


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    ensure(["chromium"], Progress())
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    started = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
    yield started
    started.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(locale="en-GB", permissions=["clipboard-read", "clipboard-write"])
    made.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, server: RunningServer) -> Page:
    return opened(context, f"http://127.0.0.1:{server.port}/")


def opened(context: BrowserContext, address: str) -> Page:
    """The page, when its script has run; whatever it asks for elsewhere fails the test."""
    opened = context.new_page()
    own = urlsplit(address).hostname

    def only_here(url: str) -> None:
        assert url.startswith(("blob:", "data:")) or urlsplit(url).hostname == own, url

    opened.on("request", lambda request: only_here(request.url))
    opened.goto(address)
    opened.wait_for_selector("html[data-loaded]")
    return opened


def texts(page: Page) -> list[str]:
    """The lines, once they are there."""
    expect(page.locator("#lines li").first).to_be_visible()
    return page.locator("#lines .said").all_inner_texts()


def test_a_page_behind_the_gateway_reads_a_chosen_file(
    site: Testbed, kube: Kube, playwright: Playwright
) -> None:
    kube.apply(ocr("page").through_gateway(HOST).body)
    kube.wait_condition("page", "Ready", "True", timeout=300)
    address, _, port = site.gateway_url.removeprefix("http://").partition(":")
    flags = [*FLAGS, f"--host-resolver-rules=MAP {HOST} {address}"]
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
    page = opened(browser.new_context(locale="en-GB"), f"http://{HOST}:{port or 80}/")
    page.set_input_files("#file", PNG)
    assert texts(page) == list(INVOICE)
    page.click("#copy")  # without https there is no clipboard: it says so
    expect(page.locator("#status")).to_have_text("The browser refused; select the text by hand.")
    browser.close()


def test_boxes_lie_on_the_lines_and_times_beside_them(page: Page) -> None:
    page.set_input_files("#file", PNG)
    assert texts(page) == list(INVOICE)
    assert page.locator("#boxes polygon").count() == len(INVOICE)
    width = page.locator("#picture").evaluate("picture => picture.getBoundingClientRect().width")
    box = page.locator("#boxes polygon").first.bounding_box()
    shown = page.locator("#picture").bounding_box()
    assert box is not None
    assert shown is not None
    assert shown["x"] <= box["x"] < box["x"] + box["width"] <= shown["x"] + width
    rows = page.locator("#stages tr").all_inner_texts()
    assert [row.split("\t")[0] for row in rows][-1] == "altogether"
    assert len(rows) == 7
    page.locator("#lines button").nth(1).hover()
    expect(page.locator("#boxes polygon.marked")).to_have_attribute("data-index", "1")


def test_the_whole_of_it_by_keyboard(page: Page) -> None:
    page.locator("#sample").focus()
    page.keyboard.press("Enter")
    assert texts(page)[0] == "Service level agreement 2026"
    page.locator("#lines button").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#boxes polygon.marked")).to_have_attribute("data-index", "1")
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == texts(page)[1]
    page.keyboard.press("Shift+Tab")  # back from the second line to the first, and to the three buttons
    page.keyboard.press("Shift+Tab")
    expect(page.locator("#save-json")).to_be_focused()


@pytest.mark.parametrize("how", ["paste", "drop"])
def test_a_picture_that_is_pasted_or_dropped_is_read(page: Page, how: str) -> None:
    page.evaluate(
        """([how, coded]) => {
            const bytes = Uint8Array.from(atob(coded), (letter) => letter.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], "invoice.png", { type: "image/png" }));
            document.dispatchEvent(how === "paste"
                ? new ClipboardEvent("paste", { clipboardData: data })
                : new DragEvent("drop", { dataTransfer: data, cancelable: true }));
        }""",
        [how, base64.b64encode(PICTURE.png).decode()],
    )
    assert texts(page) == list(INVOICE)


def test_text_and_json_are_taken_away_as_files(page: Page, tmp_path: Path) -> None:
    page.set_input_files("#file", PNG)
    lines = texts(page)
    page.click("#copy")
    assert page.evaluate("navigator.clipboard.readText()").splitlines() == lines
    for button, name in (("#save-text", "invoice.txt"), ("#save-json", "invoice.json")):
        with page.expect_download() as saved:
            page.click(button)
        assert saved.value.suggested_filename == name
        saved.value.save_as(tmp_path / name)
    assert (tmp_path / "invoice.txt").read_text().splitlines() == lines
    assert [line["text"] for line in json.loads((tmp_path / "invoice.json").read_text())["lines"]] == lines


def test_what_is_wrong_with_a_picture_is_said_where_the_result_would_be(page: Page) -> None:
    page.set_input_files("#file", {**PNG, "buffer": PICTURE.png[:3000]})
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text("send a complete file")
    assert page.locator("#lines li").count() == 0
    page.click("#sample")  # and the next one is read as usual
    assert texts(page)
    expect(problem).to_be_hidden()


def test_it_speaks_chinese_and_remembers(context: BrowserContext, page: Page) -> None:
    assert page.get_by_role("heading", name="Result").is_visible()
    page.get_by_role("button", name="中文").click()
    assert page.locator("html").get_attribute("lang") == "zh"
    page.reload()
    page.wait_for_selector("html[data-loaded]")
    assert page.get_by_role("heading", name="结果").is_visible()
    page.click("#sample")
    texts(page)
    expect(page.get_by_role("status")).to_contain_text("行，用时")


def test_a_screen_reader_finds_names_roles_and_states(page: Page) -> None:
    page.click("#sample")
    texts(page)
    tree = page.locator("body").aria_snapshot()
    assert re.search(r'- button "Service level agreement 2026 [01]\.\d\d sure"', tree)
    for part in (
        '- link "Skip to the result"',
        '- region "Input"',
        '- img "sample.png, 640 x 240 pixels"',
        '- button "choose a file"',
        '- region "Result"',
        '- button "Copy text"',
        "- status: 3 lines in",
        '- region "Milliseconds by stage"',
        '- rowheader "finding lines"',
    ):
        assert part in tree, f"{part} is not in\n{tree}"


def test_a_narrow_screen_needs_no_scrolling_sideways(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.set_input_files("#file", PNG)
    texts(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
