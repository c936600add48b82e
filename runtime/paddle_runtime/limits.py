"""What a request may be, checked before any work is done on it. Pure: bytes in, Invalid out.

Each cap has a setting, a default and a 4xx whose message names the value and the cap. Nothing here decodes
a picture: its size is read from its header alone, in bounded steps, so a bomb costs no more than a small one.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.picture_size import FORMATS, BadHeader, picture_size

TRUE_WORDS = ("true", "1", "yes", "on")
FALSE_WORDS = ("false", "0", "no", "off")

MAX_JSON_BYTES = 64 * 1024
MAX_DEADLINE_MS = 3_600_000
IMAGE = re.compile(rb'"image"\s*:\s*"([^"]*)"')
# What some JSON writers make of base64's own characters.
BASE64_ESCAPES = (
    (rb"\/", b"/"), (rb"\u002f", b"/"), (rb"\u002F", b"/"),
    (rb"\u002b", b"+"), (rb"\u002B", b"+"), (rb"\u003d", b"="), (rb"\u003D", b"="),
)  # fmt: skip

Options = dict[str, bool | float]


@dataclass(frozen=True)
class Limits:
    """Caps on one request; each is a setting of the same name."""

    max_body_bytes: int
    max_pixels: int
    max_side: int


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
    return width, height


def _header_size(data: bytes) -> tuple[int, int]:
    """Width and height as the header says; the pixels behind it are not touched."""
    try:
        size = picture_size(data)
    except BadHeader as error:
        raise Invalid(
            RequestReason.UNDECODABLE, f"the picture's header cannot be read ({error}); send an intact file"
        ) from None
    if size is None:
        raise Invalid(
            RequestReason.UNSUPPORTED_TYPE,
            f"the {len(data)} bytes, beginning {data[:8].hex(' ')}, are no picture of a known form; "
            f"send one of {', '.join(FORMATS)}",
        )
    return size


def split_image(body: bytes) -> tuple[bytes, bytes | None]:
    """The JSON form without its picture's base64, and that: no parser sees the megabytes.

    What remains is small or refused, since small text makes few objects: 20 MiB of `{},` would be 600 MB of
    them, made on the event loop. None: no picture was found; then "image" cannot be long.
    """
    found = IMAGE.search(body)
    rest = body if found is None else body[: found.start(1)] + body[found.end(1) :]
    if len(rest) > MAX_JSON_BYTES:
        raise Invalid(
            RequestReason.MALFORMED,
            f'the JSON has {len(rest)} bytes beside the string of "image" and {MAX_JSON_BYTES} are allowed; '
            'send {"image": base64, "options": {}}',
        )
    if found is None:
        return rest, None
    coded = found[1]
    if b"\\" in coded:
        for escaped, plain in BASE64_ESCAPES:
            coded = coded.replace(escaped, plain)
    return rest, coded


def decode_base64(text: object) -> bytes:
    """The bytes of the JSON form's `image`; a data URL's prefix is allowed."""
    if not isinstance(text, str):
        raise Invalid(RequestReason.MALFORMED, f"image is {type(text).__name__}; send a base64 string")
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise Invalid(
            RequestReason.MALFORMED, f"image is not base64 ({error}); encode the file's bytes"
        ) from None


def parse_json(body: bytes) -> object:
    """JSON from a caller; nesting and number bombs are malformed like any other mistake."""
    if not body:
        raise Invalid(RequestReason.EMPTY, "the body has 0 bytes; send a JSON object")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Invalid(
            RequestReason.MALFORMED, f"the body is not JSON ({error}); send one JSON object"
        ) from None


def parse_options(
    values: Mapping[str, object] | Iterable[tuple[str, object]], known: Sequence[str]
) -> Options:
    """Options of a request from query, form or JSON; unknown names are refused, so typos are seen."""
    result: Options = {}
    for name, value in values.items() if isinstance(values, Mapping) else values:
        if name not in known:
            have = f"known are {', '.join(known)}" if known else "there are none here"
            raise Invalid(RequestReason.MALFORMED, f"unknown option {name[:40]!r}; {have}")
        result[name] = OPTIONS[name](name, value)
    return result


def _flag(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in TRUE_WORDS + FALSE_WORDS:
        return value.lower() in TRUE_WORDS
    raise Invalid(RequestReason.MALFORMED, f"option {name} is {str(value)[:40]!r}; give true or false")


def _score(name: str, value: object) -> float:
    number = math.nan
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
    if not 0.0 <= number <= 1.0:
        raise Invalid(
            RequestReason.MALFORMED, f"option {name} is {str(value)[:40]!r}; give a number from 0 to 1"
        )
    return number


OPTIONS: Mapping[str, Callable[[str, object], bool | float]] = {"cls": _flag, "minScore": _score}
