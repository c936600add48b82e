"""What a payload holds: one picture, or a document whose pages are decoded one after the other.

Never all at once: a worker has room for one page's pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, cast

from pydantic import JsonValue

from paddle_runtime import limits
from paddle_runtime.limits import Limits
from paddle_runtime.page_ranges import Ranges, chosen, last_needed
from paddle_runtime.picture_size import is_tiff
from paddle_runtime.pipeline.picture import Picture, decode_picture

_caps = Limits(max_body_bytes=20 << 20, max_pixels=40_000_000, max_side=16_384)
_pdf_dpi = 144


def cap_documents(caps: Limits, *, pdf_dpi: int) -> None:
    """The server's caps, held again where a PDF's pages are known; pdf_dpi: where a request names none."""
    global _caps, _pdf_dpi  # one model and one set of caps a process
    _caps, _pdf_dpi = caps, pdf_dpi


class Document(Protocol):
    """Pages that are decoded when they are asked for."""

    @property
    def form(self) -> str:
        """What it is: "tiff" or "pdf"."""
        ...

    @property
    def numbers(self) -> Sequence[int]:
        """The pages to read, counted from 1."""
        ...

    def page(self, number: int) -> Picture:
        """One page's pixels; Invalid where it is damaged or too large."""
        ...

    def close(self) -> None:
        """Free what is held."""
        ...


class Tiff:
    """A TIFF of several pages."""

    form = "tiff"

    def __init__(self, payload: memoryview, numbers: Sequence[int]) -> None:
        self.numbers = numbers
        self._payload = payload

    def page(self, number: int) -> Picture:
        """One page's pixels."""
        return decode_picture(self._payload, number)

    def close(self) -> None:
        """Nothing is held."""


def open_document(payload: memoryview, request: Mapping[str, JsonValue]) -> Document | None:
    """The pages that the request wants, or None when the payload is no document but one picture."""
    data = bytes(payload)
    ranges = cast("Ranges | None", request.get("pages"))
    if limits.is_pdf(data):
        from paddle_runtime.pipeline.pdf import open_pdf  # noqa: PLC0415  20 ms that only PDFs cost

        dpi = request.get("dpi", _pdf_dpi)
        assert isinstance(dpi, int | float)
        return open_pdf(data, ranges, _caps, dpi)
    if not is_tiff(data) or len(limits.page_sizes(data, 2)) < 2:
        return None
    pages = len(limits.page_sizes(data, last_needed(ranges, _caps.max_pages)))
    return Tiff(payload, chosen(ranges, pages, _caps.max_pages))
