"""Decoding pictures strictly."""

from __future__ import annotations

import contextlib
import io
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.pipeline.picture import MAX_SCANS, cap_pixels, decode_picture

RED = (255, 0, 0)
ORIENTATION, X_RESOLUTION, EXIF_FOLDER, MAKER = 0x0112, 0x011A, 0x8769, 0x010F
ASCII, SHORT, LONG, RATIONAL, DOUBLE = 2, 3, 4, 5, 12


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


def test_a_colour_that_shows_through_is_mixed_with_white() -> None:
    half = decode_picture(encoded(Image.new("LA", (4, 4), (0, 128)), "PNG"))
    assert 126 <= half.min() <= half.max() <= 128
    key = decode_picture(encoded(Image.new("RGB", (4, 4), RED), "PNG", transparency=RED))
    assert key.min() == 255


def test_a_picture_of_many_bands_is_whole() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (1500, 1500, 3), dtype=np.uint8)
    assert np.array_equal(decode_picture(encoded(Image.fromarray(noise), "BMP")), noise[:, :, ::-1])


# How a camera stores an upright picture: which side its first row and its first column are.
STORED: dict[int, Callable[[Any], Any]] = {
    1: lambda upright: upright,
    2: np.fliplr,  # top, right
    3: lambda upright: np.rot90(upright, 2),  # bottom, right
    4: np.flipud,  # bottom, left
    5: lambda upright: upright.transpose(1, 0, 2),  # left, top
    6: np.rot90,  # right, top
    7: lambda upright: np.rot90(upright.transpose(1, 0, 2), 2),  # right, bottom
    8: lambda upright: np.rot90(upright, -1),  # left, bottom
}


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", STORED)
def test_a_camera_turned_picture_is_upright(orientation: int, form: str) -> None:
    corners = np.array(
        [[[250, 10, 10], [10, 250, 10], [10, 10, 250]], [[10, 10, 10], [90, 90, 90], [250] * 3]]
    )
    upright = corners.astype(np.uint8).repeat(16, axis=0).repeat(16, axis=1)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](upright)))
    pixels = decode_picture(encoded(stored, form, exif=exif))
    assert pixels.shape == upright.shape
    inner = pixels[8::16, 8::16, ::-1].astype(int)
    assert np.abs(inner - corners).max() < 40


def exif_of(*tags: tuple[int, int, int, bytes]) -> bytes:
    """EXIF of (tag, type, count, value), whatever a tag's right type is."""
    after = 8 + 2 + 12 * len(tags) + 4
    entries, values = b"", b""
    for tag, kind, count, value in tags:
        there = value if len(value) <= 4 else struct.pack("<I", after + len(values))
        values += value if len(value) > 4 else b""
        entries += struct.pack("<HHI", tag, kind, count) + there.ljust(4, b"\0")
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + values


TURNED = (ORIENTATION, SHORT, 1, struct.pack("<H", 6))
ODD_TAGS = {
    "a resolution of letters": (X_RESOLUTION, ASCII, 4, b"abc\0"),
    "a resolution over zero": (X_RESOLUTION, RATIONAL, 1, struct.pack("<II", 72, 0)),
    "a resolution that is no number": (X_RESOLUTION, DOUBLE, 1, struct.pack("<d", float("nan"))),
    "a maker of fractions": (MAKER, RATIONAL, 1, struct.pack("<II", 1, 3)),
    "a maker beyond the end": (MAKER, ASCII, 1000, b"\xff\xff\xff\x7f"),
    "a folder of letters": (EXIF_FOLDER, ASCII, 4, b"abc\0"),
    "a folder beyond the end": (EXIF_FOLDER, LONG, 1, b"\xff\xff\xff\xff"),
    "a number too large for its type": (0x0102, LONG, 1, b"\xff\xff\xff\xff"),
}


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("name", ODD_TAGS)
def test_odd_tags_beside_the_orientation_do_not_matter(name: str, form: str) -> None:
    picture = encoded(Image.new("RGB", (40, 20), RED), form, exif=exif_of(TURNED, ODD_TAGS[name]))
    assert decode_picture(picture).shape == (40, 20, 3)


@pytest.mark.parametrize(
    "exif",
    [
        exif_of((ORIENTATION, ASCII, 2, b"6\0")),
        exif_of((ORIENTATION, SHORT, 1, struct.pack("<H", 9))),
        exif_of((ORIENTATION, DOUBLE, 1, struct.pack("<d", float("nan")))),
        b"Exif\0\0II*\0\x08\0\0\0\x01\0",
        b"Exif\0\0none at all",
    ],
)
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_an_orientation_that_cannot_be_read_is_none(exif: bytes, form: str) -> None:
    picture = encoded(Image.new("RGB", (40, 20), RED), form, exif=exif)
    assert decode_picture(picture).shape == (20, 40, 3)


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


CAMERAS = [{"exif": exif_of(TURNED, tag)} for tag in ODD_TAGS.values()]
SEEDS = [
    encoded(Image.new("RGB", (24, 24), RED), form, **options)
    for form in ("PNG", "JPEG", "WEBP", "BMP", "TIFF")
    for options in ([{}] if form in {"BMP", "TIFF"} else [{}, *CAMERAS])
]


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_picture_is_decoded_or_refused_and_nothing_else(data: st.DataObject) -> None:
    broken = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Invalid):
        assert decode_picture(memoryview(bytes(broken))).ndim == 3


def test_a_tiff_whose_pixels_lie_at_a_fraction_is_refused() -> None:
    """One of what a fuzzer found: Pillow raises TypeError on it."""
    whole = bytes(encoded(Image.new("RGB", (24, 24), RED), "TIFF"))
    offset_of_a_strip = struct.pack("<HH", 273, LONG)
    assert offset_of_a_strip in whole
    with pytest.raises(Invalid):
        decode_picture(memoryview(whole.replace(offset_of_a_strip, struct.pack("<HH", 273, RATIONAL))))


def test_a_jpeg_of_endless_scans_is_refused_before_they_are_read() -> None:
    whole = bytes(encoded(Image.new("L", (64, 64)), "JPEG", progressive=True))
    first = whole.index(b"\xff\xda")
    scan = whole[first : whole.index(b"\xff", first + 2)]
    assert decode_picture(memoryview(whole)).shape == (64, 64, 3)
    with pytest.raises(Invalid, match=f"{MAX_SCANS} are read at most") as fault:
        decode_picture(memoryview(whole[:first] + scan * MAX_SCANS + whole[first:]))
    assert fault.value.reason is RequestReason.UNDECODABLE


PEAK = """
import resource, sys
from pathlib import Path
from paddle_runtime.pipeline.picture import decode_picture
large, small = (memoryview(Path(name).read_bytes()) for name in sys.argv[1:])
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
decode_picture(small)
before = peak()
decode_picture(large)
print(peak() - before)
"""


@pytest.mark.parametrize("mode", ["LA", "RGBA", "RGB"])
def test_decoding_takes_the_picture_and_its_pixels_and_little_more(mode: str, tmp_path: Path) -> None:
    """Pillow holds 4 bytes a pixel and the result has 3."""
    names = []
    for side in (4000, 16):
        names.append(str(tmp_path / f"{side}.png"))
        Image.new(mode, (side, side)).save(names[-1])
    command = [sys.executable, "-P", "-c", PEAK, *names]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(told.stdout) < 9 * 4000 * 4000


def test_the_decoder_has_a_cap_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
    cap_pixels(100)
    assert decode_picture(encoded(Image.new("L", (10, 10)), "PNG")).shape == (10, 10, 3)
    with pytest.raises(Invalid) as fault:
        decode_picture(encoded(Image.new("L", (11, 10)), "PNG"))
    assert fault.value.reason is RequestReason.UNDECODABLE
