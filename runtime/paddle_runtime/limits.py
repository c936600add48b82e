"""What a request may be, checked before any work is done on it. Pure: bytes in, Invalid out.

Each cap has a setting, a default and a 4xx whose message names the value and the cap. Nothing here decodes
a picture: its size is read from its header alone, in bounded steps, so a bomb costs no more than a small one.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass

from paddle_runtime import page_ranges
from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.page_ranges import Ranges
from paddle_runtime.picture_size import (
    FORMATS,
    PICTURE_STARTS,
    BadHeader,
    Size,
    is_tiff,
    jpeg_coefficient_bytes,
    picture_form,
    picture_size,
    tiff_page_sizes,
)

MAX_JSON_BYTES = 64 * 1024
MAX_DEADLINE_MS = 3_600_000
CODED = {key: re.compile(rb'"%s"\s*:\s*"([^"]*)"' % key.encode()) for key in ("image", "file")}
CODED_LIST = re.compile(rb'"images"\s*:\s*\[')
CODED_ELEMENT = re.compile(rb'\s*"([^"]*)"\s*(?:,(?=\s*")|(?=\]))')
# What JSON writers make of base64's own characters, and of the line breaks that `base64 FILE` puts in.
BASE64_ESCAPES = (
    (rb"\n", b""), (rb"\r", b""),
    (rb"\/", b"/"), (rb"\u002f", b"/"), (rb"\u002F", b"/"),
    (rb"\u002b", b"+"), (rb"\u002B", b"+"), (rb"\u003d", b"="), (rb"\u003D", b"="),
)  # fmt: skip

# A PDF's readers look for its mark among its first bytes: what stands before it is of some program's making.
PDF_MARK, PDF_MARK_WITHIN = b"%PDF-", 1024

# What decoding takes at its worst for each pixel, the three bytes of the result included, as measured with
# Pillow 12: its pictures have four bytes a pixel, WebP's decoder holds several of them, and TIFF's keeps a
# second one while it turns it upright. tests/runtime/pipeline/test_decode_memory.py measures again.
PICTURE_BYTES_A_PIXEL = 5
DECODE_BYTES_A_PIXEL = {"JPEG": 9, "PNG": 9, "BMP": 9, "TIFF": 13, "WEBP": 18}


@dataclass(frozen=True)
class Limits:
    """Caps on one request; each is a setting of the same name."""

    max_body_bytes: int
    max_pixels: int
    max_side: int
    max_pages: int = 10
    max_decode_bytes: int = 350 << 20


def check_declared_length(header: str | None, cap: int) -> None:
    """Refuse by Content-Length alone, before a byte of the body is read."""
    if header is None:
        return
    if not header.isascii() or not header.isdigit():
        raise Invalid(
            RequestReason.MALFORMED, f"Content-Length is {header[:40]!r}; send a whole number of bytes"
        )
    check_length(int(header), cap)


def check_length(size: int, cap: int) -> None:
    """Refuse a body that is, or has grown, over the cap in bytes."""
    if size > cap:
        raise Invalid(
            RequestReason.TOO_LARGE,
            f"the body has {size} bytes or more and the cap is {cap}; send a smaller picture",
        )


def check_encoding(header: str | None) -> None:
    """Refuse compressed bodies: pictures are compressed already, and unpacking them is another bomb."""
    if header is not None and header.strip().lower() not in ("", "identity"):
        raise Invalid(
            RequestReason.UNSUPPORTED_TYPE,
            f"Content-Encoding {header[:40]!r} is not accepted; send the body as it is",
        )


def deadline_seconds(header: str | None) -> float | None:
    """X-Deadline-Ms: for how long the caller can use an answer, in whole milliseconds from the first byte."""
    if header is None:
        return None
    text = header.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 8 and 1 <= int(text) <= MAX_DEADLINE_MS):
        raise Invalid(
            RequestReason.MALFORMED,
            f"X-Deadline-Ms is {header[:40]!r}; send whole milliseconds, 1 to {MAX_DEADLINE_MS}",
        )
    return int(text) / 1000


def check_picture(data: bytes, limits: Limits) -> tuple[int, int]:
    """Read width and height from the header and hold them against the caps; returns them in pixels."""
    if not data:
        raise Invalid(RequestReason.EMPTY, "the picture has 0 bytes; send the bytes of a picture")
    width, height = _header_size(data)
    check_size((width, height), limits, decoding_cost(data))
    return width, height


def check_one_picture(data: bytes, limits: Limits) -> Size:
    """The same where a document of several pages has no place in the answer."""
    size = check_picture(data, limits)
    if is_tiff(data) and len(page_sizes(data, 2)) > 1:
        raise Invalid(
            RequestReason.TOO_MANY_PAGES,
            "the TIFF has several pages and one is read here; send them one by one",
        )
    return size


def check_document(data: bytes, limits: Limits, ranges: Ranges | None) -> list[Size]:
    """The same for a picture or the pages that are wanted of a document; returns each one's size.

    Of a PDF nothing: what its pages measure is known to its renderer alone, which checks it before it draws.
    """
    if is_pdf(data):
        return []
    if not is_tiff(data):
        size = check_picture(data, limits)
        page_ranges.chosen(ranges, 1, limits.max_pages)
        return [size]
    sizes = page_sizes(data, page_ranges.last_needed(ranges, limits.max_pages))
    wanted = [sizes[number - 1] for number in page_ranges.chosen(ranges, len(sizes), limits.max_pages)]
    for size in wanted:
        check_size(size, limits, decoding_cost(data))
    return wanted


def page_sizes(data: bytes, most: int) -> list[Size]:
    """Sizes of a TIFF's first pages, `most` of them at most; Invalid where one's header is broken."""
    try:
        return tiff_page_sizes(data, most)
    except BadHeader as error:
        raise _bad_header(error) from None


def is_pdf(data: bytes) -> bool:
    """Whether these are a PDF's bytes."""
    return data.startswith(PDF_MARK) or (
        PDF_MARK in data[:PDF_MARK_WITHIN] and not any(data.startswith(start) for start in PICTURE_STARTS)
    )


def decoding_cost(data: bytes) -> tuple[str, int]:
    """The form of a picture and the bytes that decoding it takes for each pixel."""
    form = picture_form(data) or ""
    held = PICTURE_BYTES_A_PIXEL + jpeg_coefficient_bytes(data) if form == "JPEG" else 0
    return form, max(held, DECODE_BYTES_A_PIXEL.get(form, 0))


def check_size(size: Size, limits: Limits, cost: tuple[str, int] = ("", 0)) -> None:
    """Hold a picture's width and height against the caps, and what decoding it would take against its own."""
    width, height = size
    if width < 1 or height < 1:
        raise Invalid(
            RequestReason.UNDECODABLE, f"the picture is {width} x {height} pixels; send one with pixels"
        )
    if max(width, height) > limits.max_side:
        raise Invalid(
            RequestReason.TOO_MANY_PIXELS,
            f"the picture is {width} x {height} pixels and the longest side allowed is {limits.max_side}; "
            "scale it down",
        )
    if width * height > limits.max_pixels:
        raise Invalid(
            RequestReason.TOO_MANY_PIXELS,
            f"the picture is {width} x {height} = {width * height} pixels, the cap is {limits.max_pixels}; "
            "scale it down",
        )
    form, a_pixel = cost
    needed = width * height * a_pixel
    if needed > limits.max_decode_bytes:
        raise Invalid(
            RequestReason.TOO_MANY_PIXELS,
            f"decoding {width} x {height} pixels of this {form} can take {needed >> 20} MiB of memory and "
            f"{limits.max_decode_bytes >> 20} are allowed; scale it down, or send it as plain JPEG or PNG",
        )


def _header_size(data: bytes) -> tuple[int, int]:
    """Width and height as the header says; the pixels behind it are not touched."""
    try:
        size = picture_size(data)
    except BadHeader as error:
        raise _bad_header(error) from None
    if size is None:
        raise Invalid(
            RequestReason.UNSUPPORTED_TYPE,
            f"the {len(data)} bytes, beginning {data[:8].hex(' ')}, are no picture of a known form; "
            f"send one of {', '.join(FORMATS)}",
        )
    return size


def _bad_header(error: BadHeader) -> Invalid:
    return Invalid(
        RequestReason.UNDECODABLE, f"the picture's header cannot be read ({error}); send an intact file"
    )


def split_image(body: bytes, key: str = "image") -> tuple[bytes, bytes | None]:
    """The JSON form without the base64 at `key`, and that: no parser sees the megabytes.

    What remains is small or refused, since small text makes few objects: 20 MiB of `{},` would be 600 MB of
    them, made on the event loop. None: no picture was found; then there is none that is long.
    """
    found = CODED[key].search(body)
    rest = body if found is None else body[: found.start(1)] + body[found.end(1) :]
    if len(rest) > MAX_JSON_BYTES:
        raise Invalid(
            RequestReason.MALFORMED,
            f"the JSON has {len(rest)} bytes beside the string of {key!r} and {MAX_JSON_BYTES} are allowed; "
            f"send {{{key!r}: base64}} and short options",
        )
    if found is None:
        return rest, None
    return rest, _unescaped(found[1])


def _unescaped(coded: bytes) -> bytes:
    if b"\\" in coded:
        for escaped, plain in BASE64_ESCAPES:
            coded = coded.replace(escaped, plain)
    return coded


def is_file(body: bytes) -> bool:
    """Whether these are a picture's or a PDF's bytes."""
    return picture_form(body) is not None or is_pdf(body)


def is_batch(body: bytes) -> bool:
    """Whether JSON holds a list of pictures, as far as can be seen at its beginning."""
    return CODED_LIST.search(body, 0, MAX_JSON_BYTES) is not None


def split_images(body: bytes, most: int) -> tuple[bytes, list[bytes]]:
    """The same for the list of strings at "images": the JSON with an empty list, and each string."""
    found = CODED_LIST.search(body)
    coded: list[bytes] = []
    at = found.end() if found else 0
    while found and (one := CODED_ELEMENT.match(body, at)):
        if len(coded) >= most:
            raise Invalid(
                RequestReason.MALFORMED, f"the batch has more than {most} pictures; send it in parts"
            )
        coded.append(one[1])
        at = one.end()
    rest = body[: found.end()] + body[at:] if found else body
    if len(rest) > MAX_JSON_BYTES:
        raise Invalid(
            RequestReason.MALFORMED,
            f"the JSON has {len(rest)} bytes beside the strings in images and {MAX_JSON_BYTES} are allowed; "
            'send {"images": [base64, ...], "options": {}}',
        )
    return rest, [_unescaped(each) for each in coded]


def decode_base64(text: object, key: str = "image") -> bytes:
    """The bytes of the JSON form's picture; a data URL's prefix and line breaks are allowed."""
    if not isinstance(text, str):
        raise Invalid(RequestReason.MALFORMED, f"{key} is {type(text).__name__}; send a base64 string")
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        coded = text.encode("ascii").translate(None, b"\r\n")
        return base64.b64decode(coded, validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise Invalid(
            RequestReason.MALFORMED, f"{key} is not base64 ({error}); encode the file's bytes"
        ) from None


def parse_json(body: bytes) -> object:
    """JSON from a caller; nesting and number bombs are malformed like any other mistake."""
    if not body:
        raise Invalid(RequestReason.EMPTY, "the body has 0 bytes; send a JSON object")
    try:
        return json.loads(body)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(
            RequestReason.MALFORMED, f"the body is not JSON ({error}); send one JSON object"
        ) from None
    except ValueError:  # Python reads whole numbers of so many digits only
        raise Invalid(
            RequestReason.MALFORMED, "a number in the JSON has thousands of digits; send a shorter one"
        ) from None
