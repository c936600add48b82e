"""Sizes from headers: the same as the decoder's, and never for long."""

from __future__ import annotations

import io
import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, TiffImagePlugin

from paddle_runtime.picture_size import BadHeader, picture_size

EXIF = b"Exif\0\0"
MIB = 1024 * 1024
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def encoded(form: str, size: tuple[int, int] = (123, 45), mode: str = "RGB", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, form, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("form", "mode", "options"),
    [
        ("JPEG", "RGB", {"progressive": True, "exif": EXIF + bytes(60_000), "icc_profile": bytes(200_000)}),
        ("JPEG", "CMYK", {"icc_profile": bytes(600_000)}),
        ("JPEG", "L", {"optimize": True, "restart_marker_blocks": 1}),
        ("PNG", "RGBA", {"icc_profile": bytes(300_000)}),
        ("PNG", "1", {"optimize": True}),
        ("WEBP", "RGB", {"lossless": True}),
        ("WEBP", "RGB", {"quality": 10}),
        ("WEBP", "RGBA", {"lossless": True, "exif": EXIF + bytes(100)}),
        ("BMP", "1", {}),
        ("TIFF", "L", {"compression": "tiff_lzw"}),
        ("TIFF", "RGB", {"big_tiff": True}),
        ("TIFF", "CMYK", {}),
    ],
)  # fmt: skip
def test_a_header_says_what_the_decoder_sees(form: str, mode: str, options: dict[str, object]) -> None:
    assert picture_size(encoded(form, mode=mode, **options)) == (123, 45)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_tiff_may_have_its_tags_at_its_end(order: str) -> None:
    pixels = bytes(3 * MIB)
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8 + len(pixels))
    tags = struct.pack(order + "HHHIHHHHIHH", 2, 256, 3, 1, 123, 0, 257, 3, 1, 45, 0)
    assert picture_size(start + pixels + tags) == (123, 45)


def test_a_picture_of_more_pages_has_the_size_of_its_first() -> None:
    buffer = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(buffer, new=True) as writer:
        for size in ((123, 45), (10, 10)):
            Image.new("L", size).save(writer, "TIFF")
            writer.newFrame()
    assert picture_size(buffer.getvalue()) == (123, 45)


def test_a_real_profile_is_passed_over() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert picture_size(encoded("JPEG", icc_profile=profile)) == (123, 45)


def png_chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + bytes(4)


def ihdr(width: int, height: int) -> bytes:
    return png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))


BOMBS = {
    "jpeg of fill bytes": b"\xff\xd8" + b"\xff" * 20 * MIB,
    "jpeg of restart markers": b"\xff\xd8" + b"\xff\xd0" * 10 * MIB,
    "jpeg of empty segments": b"\xff\xd8" + b"\xff\xe1\0\2" * 5 * MIB,
    "png of empty chunks": PNG_SIGNATURE + ihdr(8, 8) + png_chunk(b"tEXt") * (MIB * 20 // 12),
    "png that ends": PNG_SIGNATURE + ihdr(8, 8),
    "png of two sizes": PNG_SIGNATURE + ihdr(8, 8) + ihdr(9999, 9999) + png_chunk(b"IDAT"),
    "tiff of 65535 tags": b"II*\0" + struct.pack("<IH", 8, 65535) + bytes(12 * 65535),
    "tiff of 2**64 tags": b"II+\0" + struct.pack("<HHQQ", 8, 0, 16, 2**64 - 1) + bytes(100),
    "tiff beyond its end": b"II+\0" + struct.pack("<HHQ", 8, 0, 2**64 - 1) + bytes(100),
    "webp of nothing": b"RIFF\0\0\0\0WEBPVP8X",
    "riff of sound": b"RIFF\0\0\0\0WAVEfmt " + bytes(100),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_header_built_to_be_read_for_long_is_refused_at_once(name: str) -> None:
    began = time.process_time()
    with pytest.raises(BadHeader):
        picture_size(BOMBS[name])
    assert time.process_time() - began < 0.5


@given(st.sampled_from(["JPEG", "PNG", "WEBP", "BMP", "TIFF"]), st.data())
def test_a_damaged_header_is_bad_or_says_a_size(form: str, data: st.DataObject) -> None:
    broken = bytearray(encoded(form, (8, 6)))
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, min(len(broken), 400) - 1))] = data.draw(st.integers(0, 255))
    try:
        size = picture_size(bytes(broken))
    except BadHeader as error:
        assert str(error)  # noqa: PT017
    else:
        assert size is None or min(size) >= 0
