"""PDFs: drawn as a reader sees them, in a process that can be lost, under the caps."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddle_runtime.border import Abandoned, looking
from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.limits import Limits, is_pdf
from paddle_runtime.pipeline import pdf
from paddle_runtime.pipeline.pdf import open_pdf
from tests.runtime.documents import builders
from tests.runtime.documents.builders import A5, pages_pdf, text, text_pdf

CAPS = Limits(max_body_bytes=1, max_pixels=4_000_000, max_side=4000, max_pages=3)


def drawn(
    data: bytes, dpi: float = 72, caps: Limits = CAPS, ranges: list[list[int]] | None = None
) -> dict[int, np.ndarray]:  # type: ignore[type-arg]
    with closing(open_pdf(data, ranges, caps, dpi)) as document:
        return {number: document.page(number) for number in document.numbers}


def fault_of(data: bytes, **how: object) -> Invalid:
    with pytest.raises(Invalid) as fault:
        drawn(data, **how)  # type: ignore[arg-type]
    return fault.value


def test_a_page_is_drawn_at_the_resolution_in_blue_green_red_on_white() -> None:
    red = pages_pdf([b"1 0 0 rg 100 100 50 50 re f"], size=(200, 300))
    page = drawn(red, dpi=144)[1]
    assert page.shape == (600, 400, 3)
    assert page[0, 0].tolist() == [255, 255, 255]
    assert page[350, 250].tolist() == [0, 0, 255]  # rows count from the top, a PDF's from the bottom


@pytest.mark.parametrize("width", [100, 101, 102, 103])
def test_rows_are_whole_whatever_the_width(width: int) -> None:
    page = drawn(pages_pdf([b"0 g 0 0 50 40 re f"], size=(width, 40)))[1]
    assert page.shape == (40, width, 3)
    assert page[:, :50].max() == 0
    assert page[:, 51:].min() == 255


def test_the_pages_that_are_wanted_are_drawn() -> None:
    greys = pages_pdf([b"%g g 0 0 420 595 re f" % (number / 10) for number in range(6)], size=A5)
    pages = drawn(greys, ranges=[[2, 2], [5, 5]])
    assert {number: int(page[300, 200, 0]) for number, page in pages.items()} == {2: 26, 5: 102}
    fault = fault_of(greys)
    assert fault.reason is RequestReason.TOO_MANY_PAGES
    assert fault_of(greys, ranges=[[7, 7]]).reason is RequestReason.NO_SUCH_PAGE


def test_what_is_filled_into_a_form_is_seen_and_its_script_does_not_run() -> None:
    field = (slice(150, 200), slice(40, 340))
    filled, other = (drawn(builders.filled_form_pdf(value))[1][field] for value in ("4711.50", ""))
    assert filled.min() < 100
    assert other.min() == 255


def test_a_mark_may_stand_behind_a_few_bytes_and_a_picture_is_no_pdf() -> None:
    data = text_pdf(["A line"])
    assert is_pdf(data)
    assert is_pdf(b"\xef\xbb\xbf\r\n" + data)
    assert drawn(b"\r\n" + data)[1].min() < 100
    assert not is_pdf(b"\x89PNG\r\n\x1a\n" + data)
    assert not is_pdf(bytes(2000) + data)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (builders.encrypted_pdf, "encrypted"),
        (lambda: pages_pdf([]), "send a complete file"),
        (lambda: b"%PDF-1.7\n" + bytes(1000), "send a complete file"),
        (lambda: text_pdf(["A line"])[:300], "send a complete file"),
    ],
)
def test_what_cannot_be_read_is_undecodable(make: Callable[[], bytes], words: str) -> None:
    fault = fault_of(make())
    assert fault.reason is RequestReason.UNDECODABLE
    assert words in str(fault)


@pytest.mark.parametrize(
    "tree",
    [
        b"<< /Type /Pages /Count 1 /Kids [2 0 R] >>",
        b"<< /Type /Pages /Count 999999999 >>",
        b"<< /Type /Page >>",
        b"7",
    ],
)
def test_a_page_tree_that_makes_no_sense_is_drawn_or_refused(tree: bytes) -> None:
    try:
        pages = drawn(builders.pdf([b"<< /Type /Catalog /Pages 2 0 R >>", tree]))
    except Invalid as fault:
        assert fault.reason in {RequestReason.UNDECODABLE, RequestReason.TOO_MANY_PAGES}  # noqa: PT017
    else:
        assert all(page.min() == 255 for page in pages.values())


def test_a_huge_page_is_refused_with_a_resolution_that_would_do() -> None:
    data = pages_pdf([b""], size=(2000, 3000))
    fault = fault_of(data, dpi=144)
    assert fault.reason is RequestReason.TOO_MANY_PIXELS
    assert "page 1 has 2000 x 3000 points" in str(fault)
    dpi = int(str(fault).rpartition("dpi=")[2])
    height, width, _ = drawn(data, dpi=dpi)[1].shape
    assert 0.9 * CAPS.max_pixels < height * width <= CAPS.max_pixels
    assert "dpi=" not in str(fault_of(pages_pdf([b""], size=(14400, 14400)), dpi=144))


def test_a_page_made_to_take_gigabytes_costs_one_document(monkeypatch: pytest.MonkeyPatch) -> None:
    fault = fault_of(builders.form_pdf(depth=8, fan=10))
    assert fault.reason is RequestReason.UNDECODABLE
    assert "ended by SIG" in str(fault)
    assert drawn(text_pdf(["The next one is drawn"]))[1].min() < 100


def test_a_page_made_to_be_drawn_for_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "PAGE_SECONDS", 0.2)
    fault = fault_of(builders.form_pdf(depth=7, fan=10))
    assert "takes too long" in str(fault)


def test_an_image_larger_than_memory_is_drawn_or_refused() -> None:
    data = builders.image_pdf(60_000, 60_000, bytes(1000))
    try:
        assert drawn(data)[1].shape == (595, 420, 3)
    except Invalid as fault:
        assert fault.reason is RequestReason.UNDECODABLE  # noqa: PT017


@settings(max_examples=25)
@given(st.data())
def test_a_damaged_pdf_is_drawn_or_refused_and_nothing_else(data: st.DataObject) -> None:
    broken = bytearray(pages_pdf([text(["One"]), text(["Two"])], resources=b"/XObject << >>"))
    for _ in range(data.draw(st.integers(1, 8))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    try:
        for page in drawn(bytes(broken)).values():
            assert page.ndim == 3
    except Invalid as fault:
        assert str(fault)  # noqa: PT017


def test_nobody_who_waits_any_more_ends_the_drawing() -> None:
    def left() -> None:
        raise Abandoned

    with closing(open_pdf(builders.form_pdf(depth=7, fan=10), None, CAPS, 72)) as document:
        began = time.monotonic()
        with looking(left), pytest.raises(Abandoned):
            document.page(1)
        assert time.monotonic() - began < pdf.PAGE_SECONDS
