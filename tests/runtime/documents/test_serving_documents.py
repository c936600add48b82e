"""Documents over HTTP with the real models: each page's text, and what a hostile one costs."""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image, ImageDraw

from hack.demo.page import font
from tests.runtime.documents import builders
from tests.runtime.serving.testbed import RunningServer

pytestmark = pytest.mark.timeout(300)
SERVE = (sys.executable, "-m", "paddle_runtime.main", "serve")
PDF = {"Content-Type": "application/pdf"}
TIFF = {"Content-Type": "image/tiff"}
PAGES = (("Invoice number 4711", "Payment due in thirty days"), ("Terms of delivery",), ("Signed and dated",))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("server")
    with RunningServer(folder, SERVE, model="builtin:ppocr-v4-mobile", workers=1, max_pages=4) as running:
        yield running


def texts(answer: httpx.Response) -> dict[int, tuple[str, ...]]:
    assert answer.status_code == 200, answer.text
    return {page["page"]: tuple(line["text"] for line in page["lines"]) for page in answer.json()["pages"]}


def sheet(lines: tuple[str, ...]) -> Image.Image:
    image = Image.new("RGB", (600, 300), "white")
    for row, line in enumerate(lines):
        ImageDraw.Draw(image).text((30, 40 + 80 * row), line, fill="black", font=font(32))
    return image


EXPECTED = dict(enumerate(PAGES, 1))


def test_a_pdf_is_read_page_by_page_in_all_three_forms(server: RunningServer) -> None:
    data = builders.text_pdf(*PAGES)
    raw = server.ocr(data, PDF)
    form = server.client.post("/v1/ocr", files={"file": ("terms.pdf", data, "application/pdf")})
    coded = server.client.post("/v1/ocr", json={"image": base64.b64encode(data).decode()})
    assert texts(raw) == texts(form) == texts(coded) == EXPECTED
    document = raw.json()
    assert "lines" not in document
    assert {"id", "model", "pages", "timings"} <= set(document)
    assert [(page["width"], page["height"]) for page in document["pages"]] == [(840, 1190)] * 3
    assert document["timings"]["decodeMs"] > 0


def test_a_tiff_of_several_pages_is_read_like_a_pdf_and_of_one_like_a_picture(server: RunningServer) -> None:
    assert texts(server.ocr(builders.tiff(*map(sheet, PAGES)), TIFF)) == EXPECTED
    one = server.ocr(builders.tiff(sheet(PAGES[0])), TIFF).json()
    assert tuple(line["text"] for line in one["lines"]) == PAGES[0]
    assert (one["width"], one["height"]) == (600, 300)


def test_pages_and_their_resolution_are_chosen(server: RunningServer) -> None:
    answer = server.ocr(builders.text_pdf(*PAGES), PDF, pages="2-3", dpi="100")
    assert texts(answer) == {2: PAGES[1], 3: PAGES[2]}
    assert answer.json()["pages"][0]["width"] == 584
    assert texts(server.ocr(builders.tiff(*map(sheet, PAGES)), TIFF, pages="3")) == {3: PAGES[2]}


@pytest.mark.parametrize(
    ("body", "query", "code", "reason"),
    [
        (builders.text_pdf(*[("page",)] * 5), {}, 422, "too_many_pages"),
        (builders.tiff(*[sheet(())] * 5), {}, 422, "too_many_pages"),
        (builders.text_pdf(("page",)), {"pages": "2"}, 422, "no_such_page"),
        (builders.text_pdf(("page",)), {"pages": "two"}, 400, "malformed"),
        (builders.text_pdf(("page",)), {"dpi": "5000"}, 400, "malformed"),
        (builders.encrypted_pdf(), {}, 422, "undecodable"),
        (builders.text_pdf(("page",))[:300], {}, 422, "undecodable"),
        (builders.pages_pdf([b""], size=(14400, 14400)), {}, 422, "too_many_pixels"),
        (builders.form_pdf(depth=8, fan=10), {}, 422, "undecodable"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_has_a_reason_and_costs_no_worker(
    server: RunningServer, body: bytes, query: dict[str, str], code: int, reason: str
) -> None:
    before = server.workers()
    answer = server.ocr(body, PDF, **query)
    assert (answer.status_code, answer.json()["reason"]) == (code, reason), answer.text
    assert texts(server.ocr(builders.text_pdf(PAGES[1]), PDF)) == {1: PAGES[1]}
    assert server.workers() == before


def test_no_renderer_is_left_behind(server: RunningServer) -> None:
    server.ocr(builders.text_pdf(*PAGES), PDF)
    (worker,) = server.workers()
    assert Path(f"/proc/{worker}/task/{worker}/children").read_text() == ""
