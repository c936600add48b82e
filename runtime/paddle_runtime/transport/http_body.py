"""From an HTTP request to Work: the body under its caps, three forms of a picture, two of tensors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request

from paddle_runtime import limits, text_limits
from paddle_runtime.dispatch.job import Work
from paddle_runtime.errors import Invalid, RequestFault, RequestReason
from paddle_runtime.protocol import paddlex
from paddle_runtime.request_options import parse_options
from paddle_runtime.service import Meter
from paddle_runtime.tasks import Kind, Payload
from paddle_runtime.transport import multipart
from paddle_runtime.transport.replies import JSON_LENGTH, OCTETS

# What curl says of --data-binary when nobody tells it a type; a form of this type has no place for a picture.
CURLS_DEFAULT = "application/x-www-form-urlencoded"
MOST_DIGITS = 12
# Before the brace of a JSON object, where a file is told from it.
MOST_BLANKS = 1024


@dataclass(frozen=True)
class BodyRules:
    """How a body may arrive (seconds, parts)."""

    timeout_seconds: float
    max_parts: int


class ReadBody(Protocol):
    """How a payload becomes Work."""

    async def __call__(
        self, kind: Kind, request: Request, meter: Meter, rules: BodyRules, request_id: str
    ) -> Work:
        """The request's work, or Invalid."""
        ...


async def read_picture(kind: Kind, request: Request, meter: Meter, rules: BodyRules, request_id: str) -> Work:
    """Raw bytes, multipart/form-data with field file or image, or JSON {"image": base64, "options": {}}."""
    media = _media_type(request)
    options = parse_options(request.query_params.multi_items(), kind.options)
    if media == "multipart/form-data":
        body = await _read(request, meter, rules)
        picture, fields = multipart.parse(body, request.headers["content-type"], rules.max_parts)
        options |= parse_options(fields, kind.options)
    elif media == "application/json":
        picture, more = _from_json(await _read(request, meter, rules), kind.path)
        options |= parse_options(more, kind.options)
    elif media in kinds_of_bytes(kind.payload) or media.startswith("image/"):
        picture = await _read(request, meter, rules)
    else:
        raise Invalid(
            RequestReason.UNSUPPORTED_TYPE,
            f"Content-Type {media[:80]!r}; send the picture's bytes as "
            f"{', '.join(kinds_of_bytes(kind.payload)[1:])} or image/*, a form as multipart/form-data, or "
            "application/json",
        )
    return Work(kind.name, options, picture)


async def read_batch(
    kind: Kind, request: Request, meter: Meter, rules: BodyRules, request_id: str
) -> list[Work | RequestFault]:
    """A form with several files, or JSON {"images": [base64, ...], "options": {}}: options are for all."""
    media = _media_type(request)
    options = parse_options(request.query_params.multi_items(), kind.options)
    pictures: Sequence[bytes | RequestFault]
    if media == "multipart/form-data":
        body = await _read(request, meter, rules)
        pictures, fields = multipart.parse_several(body, request.headers["content-type"], rules.max_parts)
        options |= parse_options(fields, kind.options)
    elif media == "application/json":
        rest, coded = limits.split_images(await _read(request, meter, rules), rules.max_parts)
        options |= parse_options(_options_beside(limits.parse_json(rest), "images", []), kind.options)
        pictures = [_decoded(each) for each in coded]
    else:
        raise Invalid(
            RequestReason.UNSUPPORTED_TYPE,
            f"Content-Type {media[:80]!r}; send a batch as multipart/form-data or application/json",
        )
    if not pictures:
        raise Invalid(RequestReason.EMPTY, "the batch holds no picture; send files, or base64 strings")
    return [
        picture if isinstance(picture, RequestFault) else Work(kind.name, options, picture)
        for picture in pictures
    ]


def _decoded(coded: bytes) -> bytes | RequestFault:
    """One picture of a batch; what is no base64 is that picture's fault alone."""
    try:
        return limits.decode_base64(coded.decode("latin-1"))
    except Invalid as fault:
        return fault


async def read_paddlex(kind: Kind, request: Request, meter: Meter, rules: BodyRules, request_id: str) -> Work:
    """JSON as PaddleX's serving takes it, whatever the content type says: as there."""
    media, body = _media_type(request), await _read(request, meter, rules)
    typed = media.startswith("image/") or media in ("application/pdf", "multipart/form-data")
    if not body[:MOST_BLANKS].lstrip().startswith(b"{") and (typed or limits.is_file(body)):
        raise Invalid(
            RequestReason.UNSUPPORTED_TYPE,
            f"the body, of Content-Type {media[:80]!r}, is a file or a form; send application/json here, "
            '{"file": base64, "fileType": 1}, or the file as it is to /v1/ocr',
        )
    rest, coded = limits.split_image(body, "file")
    document = limits.parse_json(rest)
    if not isinstance(document, dict):
        raise Invalid(RequestReason.MALFORMED, 'the body is no object; send {"file": base64, "fileType": 1}')
    request.state.log_id = paddlex.log_id_of(document, request_id)
    if "file" not in document:
        raise Invalid(RequestReason.MALFORMED, 'there is no "file"; send {"file": base64, "fileType": 1}')
    asked = paddlex.parse(document)
    file = document["file"]
    if file == "" and coded is not None:
        file = coded.decode("latin-1")
    paddlex.check_file(file)
    data = limits.decode_base64(file, "file")
    paddlex.check_kind(asked, is_pdf=limits.is_pdf(data))
    return Work(kind.name, asked.options, data)


async def read_texts(kind: Kind, request: Request, meter: Meter, rules: BodyRules, request_id: str) -> Work:
    """JSON {"text": "...", "options": {}} or {"texts": [...]}, or the text itself as text/plain.

    The payload is the text; of several, which the request's `texts` counts, a JSON list.
    """
    media = _media_type(request)
    options = parse_options(request.query_params.multi_items(), kind.options)
    if media not in ("", "application/json", "text/plain"):
        raise Invalid(
            RequestReason.UNSUPPORTED_TYPE,
            f'Content-Type {media[:80]!r}; send application/json with {{"text": "..."}}, or text/plain',
        )
    body = await _read(request, meter, rules)
    text_limits.check_text_length(len(body))
    if media == "text/plain":
        return Work(kind.name, options, text_limits.check_texts([text_limits.decode_text(body)])[0].encode())
    document = limits.parse_json(body)
    if not isinstance(document, dict) or ("text" in document) == ("texts" in document):
        raise Invalid(
            RequestReason.MALFORMED, 'the body is no object with "text" or "texts"; send {"text": "..."}'
        )
    options |= parse_options(
        _options_beside(document, "text" if "text" in document else "texts"), kind.options
    )
    if "text" in document:
        return Work(kind.name, options, text_limits.check_texts([document["text"]])[0].encode())
    if not isinstance(document["texts"], list):
        raise Invalid(RequestReason.MALFORMED, 'texts is no list; send {"texts": ["...", "..."]}')
    texts = text_limits.check_texts(document["texts"])
    return Work(kind.name, {**options, "texts": len(texts)}, json.dumps(texts, ensure_ascii=False).encode())


async def read_tensors(kind: Kind, request: Request, meter: Meter, rules: BodyRules, request_id: str) -> Work:
    """The Open Inference Protocol's body, unread: a worker parses it, so large tensors stop nobody."""
    media = _media_type(request)
    json_bytes = _json_bytes(request.headers.get(JSON_LENGTH))
    allowed = ("", "application/json") if json_bytes is None else ("", "application/json", OCTETS)
    if media not in allowed:
        raise Invalid(
            RequestReason.UNSUPPORTED_TYPE,
            f"Content-Type {media[:80]!r}; send application/json, or {OCTETS} with the JSON's length in "
            f"{JSON_LENGTH} and tensors behind it",
        )
    body = await _read(request, meter, rules)
    if not body:
        raise Invalid(RequestReason.EMPTY, "the body has 0 bytes; send a JSON object with inputs")
    return Work(kind.name, {"id": request_id, "jsonBytes": json_bytes}, body)


def _json_bytes(header: str | None) -> int | None:
    """How many bytes of the body are JSON; None: all of them."""
    if header is None:
        return None
    if not (header.isascii() and header.isdigit() and len(header) <= MOST_DIGITS):
        raise Invalid(
            RequestReason.MALFORMED, f"{JSON_LENGTH} is {header[:40]!r}; send a whole number of bytes"
        )
    return int(header)


async def read_nothing(kind: Kind, request: Request, meter: Meter, rules: BodyRules, request_id: str) -> Work:
    """A body is not looked at."""
    return Work(kind.name, {}, b"")


READERS: Mapping[Payload, ReadBody] = {
    Payload.PICTURE: read_picture,
    Payload.DOCUMENT: read_picture,
    Payload.PADDLEX: read_paddlex,
    Payload.TEXT: read_texts,
    Payload.TENSORS: read_tensors,
    Payload.NOTHING: read_nothing,
}


def kinds_of_bytes(payload: Payload) -> tuple[str, ...]:
    """Media types, image/* aside, of bodies that are the payload's bytes as they are; "" is none said."""
    return ("", OCTETS, *(("application/pdf",) if payload is Payload.DOCUMENT else ()))


def _media_type(request: Request) -> str:
    """The body's type; "" where the caller gave none of their own."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return "" if media == CURLS_DEFAULT else media


async def _read(request: Request, meter: Meter, rules: BodyRules) -> bytes:
    """The whole body; every chunk is paid for before it is kept."""
    limits.check_encoding(request.headers.get("content-encoding"))
    limits.check_declared_length(request.headers.get("content-length"), meter.max_bytes)
    chunks: list[bytes] = []
    try:
        async with asyncio.timeout(rules.timeout_seconds):
            async for chunk in request.stream():
                meter.add(len(chunk))
                chunks.append(chunk)
    except TimeoutError:
        raise Invalid(
            RequestReason.SLOW_BODY,
            f"the body was not here after {rules.timeout_seconds:g} s ({sum(map(len, chunks))} bytes came); "
            "send it faster or smaller",
        ) from None
    return b"".join(chunks)


def _from_json(body: bytes, path: str) -> tuple[bytes, dict[str, object]]:
    """The JSON form of a request to `path`."""
    if limits.is_batch(body):
        raise Invalid(
            RequestReason.MALFORMED,
            f'"images" is for batches; send it to {path}:batch, or one picture as {{"image": base64}}',
        )
    rest, coded = limits.split_image(body)
    document = limits.parse_json(rest)
    options = _options_beside(document, "image")
    assert isinstance(document, dict)
    image = document["image"]
    if image == "" and coded is not None:
        image = coded.decode("latin-1")  # which takes every byte: what is no base64 is told by the next line
    return limits.decode_base64(image), options


def _options_beside(document: object, key: str, must_be: object = None) -> dict[str, object]:
    """The options of a JSON form that holds `key` and nothing else."""
    if not isinstance(document, dict) or key not in document:
        form = "base64" if must_be is None else "[base64, ...]"
        raise Invalid(RequestReason.MALFORMED, f'there is no "{key}" in an object; send {{"{key}": {form}}}')
    if must_be is not None and document[key] != must_be:
        raise Invalid(RequestReason.MALFORMED, f"{key} is no list of strings; encode each file in base64")
    unknown = sorted(set(document) - {key, "options"})
    if unknown:
        raise Invalid(RequestReason.MALFORMED, f"unknown key {unknown[0][:40]!r}; known are {key}, options")
    options = document.get("options", {})
    if not isinstance(options, dict):
        raise Invalid(RequestReason.MALFORMED, 'options is no object; send for instance {"cls": false}')
    return options
