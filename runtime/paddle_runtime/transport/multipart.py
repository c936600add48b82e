"""multipart/form-data from bytes that are already in memory and capped. Pure; no temporary files."""

from __future__ import annotations

from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from paddle_runtime.errors import Invalid, RequestReason

PICTURE_FIELDS = (b"file", b"image")
MAX_FIELD_BYTES = 4096
MAX_BOUNDARY_BYTES = 70  # RFC 2046; the parser refuses longer ones in a way of its own


@dataclass
class Part:
    """One part while it is being read."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    data: bytearray = field(default_factory=bytearray)

    @property
    def name(self) -> bytes:
        """The form field's name."""
        return parse_options_header(self.headers.get(b"content-disposition", b""))[1].get(b"name", b"")


class _Collector:
    """Callbacks of the parser: parts with their headers, counted against the cap."""

    def __init__(self, max_parts: int) -> None:
        self.parts: list[Part] = []
        self.ended = False
        self._max_parts = max_parts
        self._field = bytearray()
        self._value = bytearray()

    def on_part_begin(self) -> None:
        if len(self.parts) >= self._max_parts:
            raise Invalid(
                RequestReason.MALFORMED, f"the form has more than {self._max_parts} parts; send one picture"
            )
        self.parts.append(Part())

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self.parts[-1].data += memoryview(data)[start:end]

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        self.parts[-1].headers[bytes(self._field).lower()] = bytes(self._value)
        self._field.clear()
        self._value.clear()

    def on_end(self) -> None:
        self.ended = True


def parse(body: bytes, content_type: str, max_parts: int) -> tuple[bytes, list[tuple[str, str]]]:
    """The picture (field `file` or `image`) and the other fields, which are options."""
    pictures, options = parse_several(body, content_type, max_parts)
    if len(pictures) != 1:
        raise Invalid(
            RequestReason.MALFORMED,
            f"the form has {len(pictures)} parts named file or image; send exactly one picture",
        )
    return pictures[0], options


def parse_several(
    body: bytes, content_type: str, max_parts: int
) -> tuple[list[bytes], list[tuple[str, str]]]:
    """All pictures, in their order, and the other fields."""
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary or len(boundary) > MAX_BOUNDARY_BYTES:
        raise Invalid(
            RequestReason.MALFORMED,
            f"multipart/form-data with a boundary of {len(boundary or b'')} bytes; let the client set one of "
            f"1 to {MAX_BOUNDARY_BYTES}",
        )
    collected = _Collector(max_parts)
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": collected.on_part_begin,
                "on_part_data": collected.on_part_data,
                "on_header_field": collected.on_header_field,
                "on_header_value": collected.on_header_value,
                "on_header_end": collected.on_header_end,
                "on_end": collected.on_end,
            },
        )
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise Invalid(RequestReason.MALFORMED, f"the form is not multipart/form-data ({error})") from None
    if not collected.ended:
        raise Invalid(RequestReason.MALFORMED, "the form ends before its last boundary; send it whole")
    return _sort(collected.parts)


def _sort(parts: list[Part]) -> tuple[list[bytes], list[tuple[str, str]]]:
    """Which parts are pictures, which are options."""
    pictures, options = [], []
    for part in parts:
        if part.name in PICTURE_FIELDS:
            pictures.append(bytes(part.data))
            continue
        if len(part.data) > MAX_FIELD_BYTES:
            raise Invalid(
                RequestReason.MALFORMED,
                f"form field {part.name[:40]!r} has {len(part.data)} bytes and {MAX_FIELD_BYTES} are allowed",
            )
        options.append((part.name.decode("utf-8", "replace"), part.data.decode("utf-8", "replace")))
    return pictures, options
