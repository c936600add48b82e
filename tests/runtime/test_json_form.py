"""The JSON form of an OCR request: the picture is cut out before anything is parsed."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.transport.http_body import _from_json
from tests.runtime.apart import refusal_of

MIB = 1024 * 1024


@given(st.binary(max_size=300), st.booleans(), st.sampled_from([None, 2]))
def test_the_picture_comes_back(data: bytes, slashes: bool, indent: int | None) -> None:
    document = {"options": {"cls": False}, "image": base64.b64encode(data).decode()}
    text = json.dumps(document, indent=indent)
    if slashes:  # as PHP writes it, and .NET
        text = text.replace("/", "\\/").replace("+", "\\u002B")
    assert _from_json(text.encode(), "/v1/ocr") == (data, {"cls": False})


def test_base64_may_be_broken_into_lines() -> None:
    data = bytes(range(256))
    lines = base64.encodebytes(data).decode()
    assert lines.count("\n") > 1
    for text in (lines, lines.replace("\n", "\r\n")):
        assert _from_json(json.dumps({"image": text}).encode(), "/v1/ocr")[0] == data
        raw = '{"image": "' + text + '"}'  # as a shell puts it together, which is no JSON
        assert _from_json(raw.encode(), "/v1/ocr")[0] == data


def test_a_batch_is_told_where_batches_go() -> None:
    for body in (b'{"images": ["AAAA"]}', b'{"images": ["%s"]}' % (b"A" * MIB)):
        with pytest.raises(Invalid, match="send it to /v1/ocr/detect:batch"):
            _from_json(body, "/v1/ocr/detect")


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"{}," * (5 * MIB) + b"{}]",
        b'{"image":[' + b"{}," * (5 * MIB) + b"{}]}",
        b'{"image":"","options":{' + b'"a":[],' * (2 * MIB) + b'"b":0}}',
        b'{"image":"' + b"\\t" * (8 * MIB) + b'"}',
        b'"image":"' * (2 * MIB),
        b'"image"' + b" " * (15 * MIB),
    ],
)
def test_a_body_built_to_be_parsed_for_long_is_refused_at_once(body: bytes) -> None:
    found = refusal_of(_from_json, body, "/v1/ocr")
    assert found.reason == RequestReason.MALFORMED
    assert found.seconds < 1  # 0.01 to 0.2 on a quiet machine; to parse the first one takes 2.7
    assert found.peak_bytes < 100 * MIB


@pytest.mark.parametrize(
    "body",
    [
        b'{"options":{"image":"AAAA"}}',
        b'{"image":{"image":"AAAA"}}',
        b'{"image":1}',
        b'{"image":"\xff"}',
        b'{"image":"AA',
    ],
)
def test_an_image_in_another_place_is_no_picture(body: bytes) -> None:
    with pytest.raises(Invalid) as fault:
        _from_json(body, "/v1/ocr")
    assert fault.value.reason is RequestReason.MALFORMED
