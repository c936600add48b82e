"""multipart/form-data from memory: one picture, options, and Invalid for all else."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.errors import Invalid
from paddle_runtime.transport.multipart import parse


def form(files: dict[str, bytes], fields: dict[str, str]) -> tuple[bytes, str]:
    request = httpx.Request("POST", "http://x", files=files, data=fields)
    return request.read(), request.headers["content-type"]


@given(st.binary(min_size=1, max_size=500), st.text(st.characters(codec="utf-8"), max_size=20))
def test_what_a_client_writes_is_read(data: bytes, value: str) -> None:
    body, content_type = form({"file": data}, {"minScore": value})
    assert parse(body, content_type, 5) == (data, [("minScore", value)])


@given(st.binary(max_size=300))
def test_any_bytes_are_a_form_or_invalid(data: bytes) -> None:
    with pytest.raises(Invalid):
        parse(data, "multipart/form-data; boundary=b", 5)


@pytest.mark.parametrize("cut", [3, 10, 60])
def test_a_form_cut_short_is_invalid(cut: int) -> None:
    body, content_type = form({"image": bytes(range(200))}, {})
    with pytest.raises(Invalid):
        parse(body[:-cut], content_type, 5)


def test_a_long_field_is_no_option() -> None:
    body, content_type = form({"file": b"x"}, {"cls": "y" * 5000})
    with pytest.raises(Invalid, match="5000 bytes"):
        parse(body, content_type, 5)
