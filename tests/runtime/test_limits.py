"""Caps on one request: header only, typed, and never any other exception."""

from __future__ import annotations

import base64
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from paddle_runtime import limits, request_options
from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.limits import Limits
from paddle_runtime.picture_size import FORMATS

CAPS = Limits(max_body_bytes=1000, max_pixels=1_000_000, max_side=4000)


def encoded(width: int, height: int, form: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height)).save(buffer, form)
    return buffer.getvalue()


def reason_of(data: bytes, caps: Limits = CAPS) -> RequestReason:
    with pytest.raises(Invalid) as fault:
        limits.check_picture(data, caps)
    return fault.value.reason


@pytest.mark.parametrize("form", FORMATS)
def test_size_is_read_from_the_header_of_every_form(form: str) -> None:
    assert limits.check_picture(encoded(123, 45, form), CAPS) == (123, 45)


@pytest.mark.parametrize("form", FORMATS)
@given(width=st.integers(1, 300), height=st.integers(1, 300), cap=st.integers(1, 90_000))
def test_the_pixel_cap_is_exact(form: str, width: int, height: int, cap: int) -> None:
    data = encoded(width, height, form)
    caps = Limits(max_body_bytes=1, max_pixels=cap, max_side=300)
    if width * height <= cap:
        assert limits.check_picture(data, caps) == (width, height)
    else:
        assert reason_of(data, caps) is RequestReason.TOO_MANY_PIXELS


def test_a_long_side_is_refused_though_its_pixels_are_few() -> None:
    assert reason_of(encoded(4001, 1, "PNG")) is RequestReason.TOO_MANY_PIXELS


@pytest.mark.parametrize("form", ["GIF", "ICO", "PPM"])
def test_other_forms_are_not_even_tried(form: str) -> None:
    assert reason_of(encoded(16, 16, form)) is RequestReason.UNSUPPORTED_TYPE


@given(st.sampled_from(FORMATS), st.data())
def test_damaged_headers_are_invalid_and_nothing_else(form: str, data: st.DataObject) -> None:
    whole = bytearray(encoded(40, 30, form))
    end = data.draw(st.integers(0, len(whole)))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] = data.draw(st.integers(0, 255))
    try:
        width, height = limits.check_picture(bytes(whole[:end]), CAPS)
    except Invalid as fault:
        assert str(fault)  # noqa: PT017  either outcome is right, another exception is not
    else:
        assert 0 < width * height <= CAPS.max_pixels


@given(st.binary(max_size=200))
@example(b"\x89PNG\r\n\x1a\n")
@example(b"II*\x00\x08\x00\x00\x00\xff\xff")
def test_any_bytes_are_a_picture_or_invalid(data: bytes) -> None:
    with pytest.raises(Invalid):
        limits.check_picture(data, CAPS)


@given(st.integers(0, 10**30))
def test_a_declared_length_is_held_against_the_cap(size: int) -> None:
    if size <= 1000:
        limits.check_declared_length(str(size), 1000)
    else:
        with pytest.raises(Invalid, match="cap is 1000"):
            limits.check_declared_length(str(size), 1000)


@pytest.mark.parametrize("header", ["", "-1", "1e3", "٣", "0x10"])
def test_a_length_that_is_no_number_is_malformed(header: str) -> None:
    with pytest.raises(Invalid) as fault:
        limits.check_declared_length(header, 1000)
    assert fault.value.reason is RequestReason.MALFORMED


@given(st.binary(max_size=100))
def test_base64_comes_back_with_and_without_a_data_url(data: bytes) -> None:
    text = base64.b64encode(data).decode()
    assert limits.decode_base64(text) == data
    assert limits.decode_base64(f"data:image/png;base64,{text}") == data


@given(st.one_of(st.none(), st.integers(), st.lists(st.text()), st.text(alphabet="äß%!.", min_size=1)))
def test_what_is_no_base64_is_malformed(value: object) -> None:
    with pytest.raises(Invalid):
        limits.decode_base64(value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3),
    )
)
def test_an_option_is_right_or_invalid_whatever_it_is(value: object) -> None:
    for name in request_options.OPTIONS:
        try:
            (parsed,) = request_options.parse_options({name: value}, ("cls", "minScore")).values()
        except Invalid as fault:
            assert name in str(fault)  # noqa: PT017
        else:
            assert isinstance(parsed, bool) or 0 <= parsed <= 1
