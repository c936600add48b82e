"""Decoding pictures strictly."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.pipeline.picture import cap_pixels, decode_picture

RED = (255, 0, 0)


def encoded(image: Image.Image, form: str, **options: object) -> memoryview:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return memoryview(buffer.getvalue())


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "TIFF"])
def test_pixels_come_as_blue_green_red(form: str) -> None:
    pixels = decode_picture(encoded(Image.new("RGB", (40, 20), RED), form))
    assert pixels.shape == (20, 40, 3)
    assert pixels.flags.c_contiguous
    blue, green, red = pixels[10, 20]
    assert red > 240
    assert max(blue, green) < 15


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "I;16"])
def test_every_mode_becomes_three_channels_of_bytes(mode: str) -> None:
    form = "TIFF" if mode in {"CMYK", "I;16"} else "PNG"
    pixels = decode_picture(encoded(Image.new(mode, (8, 6)), form))
    assert pixels.shape == (6, 8, 3)
    assert pixels.dtype == np.uint8


def test_transparency_lies_on_white() -> None:
    assert decode_picture(encoded(Image.new("RGBA", (4, 4), (0, 0, 0, 0)), "PNG")).min() == 255


def test_sixteen_bits_keep_their_brightness() -> None:
    grey = Image.fromarray(np.full((4, 4), 0x8000, dtype=np.uint16))
    assert decode_picture(encoded(grey, "PNG")).max() == 0x80


def test_a_camera_turned_picture_is_upright() -> None:
    image = Image.new("RGB", (40, 20), RED)
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode_picture(encoded(image, "JPEG", exif=exif)).shape == (40, 20, 3)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "TIFF"])
def test_a_picture_cut_off_in_the_middle_is_refused(form: str) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    whole = encoded(Image.fromarray(noise), form)
    with pytest.raises(Invalid) as fault:
        decode_picture(whole[: len(whole) // 2])
    assert fault.value.reason is RequestReason.UNDECODABLE
    assert "send a complete file" in str(fault.value)


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"%PDF-1.7", b"\x00" * 100])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid):
        decode_picture(memoryview(data))


@settings(max_examples=150)
@given(st.data())
def test_a_damaged_picture_is_decoded_or_refused_and_nothing_else(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(["PNG", "JPEG", "WEBP", "BMP", "TIFF"]))
    broken = bytearray(encoded(Image.new("RGB", (24, 24), RED), form))
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Invalid):
        assert decode_picture(memoryview(bytes(broken))).ndim == 3


def test_the_decoder_has_a_cap_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
    cap_pixels(100)
    assert decode_picture(encoded(Image.new("L", (10, 10)), "PNG")).shape == (10, 10, 3)
    with pytest.raises(Invalid) as fault:
        decode_picture(encoded(Image.new("L", (11, 10)), "PNG"))
    assert fault.value.reason is RequestReason.UNDECODABLE
