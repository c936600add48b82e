"""TIFFs of several pages: sizes from the headers alone, in bounded steps, and each page's own pixels."""

from __future__ import annotations

import io
import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from paddle_runtime import limits
from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.limits import Limits
from paddle_runtime.picture_size import BadHeader, tiff_page_sizes
from paddle_runtime.pipeline.document import open_document
from paddle_runtime.pipeline.picture import decode_picture
from tests.runtime.documents.builders import tiff

CAPS = Limits(max_body_bytes=1, max_pixels=10_000, max_side=500, max_pages=3)
SIZES = [(30, 20), (10, 40), (25, 25)]


def grey(size: tuple[int, int], value: int = 255) -> Image.Image:
    return Image.new("L", size, value)


def ifd(size: tuple[int, int], next_at: int, *tags: bytes) -> bytes:
    entries = [struct.pack("<HHII", 256, 3, 1, size[0]), struct.pack("<HHII", 257, 3, 1, size[1]), *tags]
    return struct.pack("<H", len(entries)) + b"".join(entries) + struct.pack("<I", next_at)


def start(at: int) -> bytes:
    return b"II*\0" + struct.pack("<I", at)


@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}, {"big_tiff": True}])
def test_every_page_has_a_size(options: dict[str, object]) -> None:
    data = tiff(*map(grey, SIZES), **options)
    assert tiff_page_sizes(data, 10) == SIZES
    assert tiff_page_sizes(data, 2) == SIZES[:2]
    assert limits.check_document(data, CAPS, None) == SIZES
    assert limits.check_document(data, CAPS, [[2, 3]]) == SIZES[1:]


def test_a_page_that_is_too_large_is_refused_only_when_it_is_wanted() -> None:
    data = tiff(grey((30, 20)), grey((200, 51)))
    assert limits.check_document(data, CAPS, [[1, 1]]) == [(30, 20)]
    with pytest.raises(Invalid) as fault:
        limits.check_document(data, CAPS, None)
    assert fault.value.reason is RequestReason.TOO_MANY_PIXELS


def test_more_pages_than_may_be_are_refused_with_the_way_out() -> None:
    data = tiff(*[grey((8, 8))] * 4)
    with pytest.raises(Invalid, match="pages=1-3") as fault:
        limits.check_document(data, CAPS, None)
    assert fault.value.reason is RequestReason.TOO_MANY_PAGES
    assert len(limits.check_document(data, CAPS, [[2, 4]])) == 3


def test_a_page_that_is_not_there_is_said() -> None:
    with pytest.raises(Invalid, match="page 7 and the document has 2") as fault:
        limits.check_document(tiff(*[grey((8, 8))] * 2), CAPS, [[7, 7]])
    assert fault.value.reason is RequestReason.NO_SUCH_PAGE


def test_a_broken_second_page_is_the_callers_mistake_also_where_the_first_alone_is_wanted() -> None:
    data = start(8) + ifd((8, 8), 2**31)
    assert limits.check_document(data, CAPS, [[1, 1]]) == [(8, 8)]
    for read in (
        lambda: open_document(memoryview(data), {"pages": [[1, 1]]}),
        lambda: limits.check_one_picture(data, CAPS),
    ):
        with pytest.raises(Invalid, match="it ends early") as fault:
            read()
        assert fault.value.reason is RequestReason.UNDECODABLE


def test_one_picture_has_one_page() -> None:
    buffer = io.BytesIO()
    grey((8, 8)).save(buffer, "PNG")
    assert limits.check_document(buffer.getvalue(), CAPS, [[1, 1]]) == [(8, 8)]
    with pytest.raises(Invalid, match="page 2 and the document has 1"):
        limits.check_document(buffer.getvalue(), CAPS, [[2, 2]])


LONG = bytes(4 * 1024 * 1024)
BOMBS = {
    "a circle": start(8) + ifd((8, 8), 8),
    "a circle of two": start(8) + ifd((8, 8), 38) + ifd((8, 8), 8),
    "pages without end": start(8) + b"".join(ifd((8, 8), 8 + 30 * (page + 1)) for page in range(200_000)),
    "tags that point to the same megabytes": start(8 + len(LONG))
    + LONG
    + ifd((8, 8), 0, *[struct.pack("<HHII", 40_000 + tag, 7, len(LONG), 8) for tag in range(100)]),
    "a second page beyond the end": start(8) + ifd((8, 8), 10_000),
    "a second page without a size": start(8) + ifd((8, 8), 38) + struct.pack("<HI", 0, 0),
}


@pytest.mark.parametrize("name", BOMBS)
def test_pages_made_to_be_read_for_long_are_refused_at_once(name: str) -> None:
    began = time.process_time()
    with pytest.raises(BadHeader):
        tiff_page_sizes(BOMBS[name], 9999)
    assert time.process_time() - began < 1


@given(st.data())
def test_damaged_pages_are_invalid_and_nothing_else(data: st.DataObject) -> None:
    broken = bytearray(tiff(*map(grey, SIZES)))
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    payload = bytes(broken[: data.draw(st.integers(0, len(broken)))])
    try:
        limits.check_document(payload, CAPS, None)
        document = open_document(memoryview(payload), {})
        if document is not None:
            for number in document.numbers:
                assert document.page(number).ndim == 3
    except Invalid as fault:
        assert str(fault)  # noqa: PT017


def test_each_page_has_its_own_pixels() -> None:
    data = memoryview(tiff(*[grey(size, 80 * page) for page, size in enumerate(SIZES)]))
    document = open_document(data, {"pages": [[2, 3]]})
    assert document is not None
    pages = {number: document.page(number) for number in document.numbers}
    assert {number: (page.shape[1], page.shape[0]) for number, page in pages.items()} == {
        2: SIZES[1],
        3: SIZES[2],
    }
    assert [int(page.max()) for page in pages.values()] == [80, 160]
    assert open_document(memoryview(tiff(grey((8, 8)))), {}) is None


def test_a_page_larger_than_its_first_meets_the_decoders_own_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    data = memoryview(tiff(grey((8, 8)), grey((40, 40))))
    assert decode_picture(data, 1).shape == (8, 8, 3)
    with pytest.raises(Invalid, match="page 2 is 40 x 40"):
        decode_picture(data, 2)
