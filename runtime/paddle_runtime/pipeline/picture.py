"""Bytes of a picture to pixels, strictly: what is cut off or damaged is refused, not half read."""

from __future__ import annotations

import io
import warnings

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.picture_size import FORMATS

Picture = npt.NDArray[np.uint8]
EXIF_ORIENTATION = 0x0112
# What makes a picture upright, by its orientation; 1 is upright.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Each scan of a progressive JPEG goes over all pixels again: 60 bytes cost 5 ms at 40 million of them, so a
# megabyte would hold a worker for a minute. Encoders write some ten; in data appended to a picture the two
# bytes of the mark stand once in 64 KiB by chance.
MAX_SCANS = 500
JPEG_START, JPEG_SCAN = b"\xff\xd8", b"\xff\xda"
# Conversions take several copies of what they convert: of a band of rows, not of the whole picture.
BAND_PIXELS = 1 << 20


def cap_pixels(most: int) -> None:
    """Have the decoder refuse larger pictures: the second guard, should the first have read another size."""
    Image.MAX_IMAGE_PIXELS = (most + 1) // 2  # Pillow warns above it and refuses above its double


def decode_picture(payload: memoryview, page: int = 1) -> Picture:
    """Height x width x 3, blue green red, upright after its EXIF orientation, transparency on white.

    page: of a TIFF, counted from 1.
    """
    data = bytes(payload)
    if data.startswith(JPEG_START) and (scans := data.count(JPEG_SCAN)) > MAX_SCANS:
        raise _undecodable(f"has {scans} scans, {MAX_SCANS} are read at most: save it anew", data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged metadata is no reason to refuse a picture
            return _to_pixels(_upright(data, page))
    except UnidentifiedImageError as error:
        raise _undecodable(f"is none of {', '.join(FORMATS)}: send a complete file", data) from error
    except Exception as error:  # foreign bytes, on which decoders raise whatever they meet: no list is whole
        raise _undecodable(f"is damaged or cut off ({error}): send a complete file", data) from error


def _upright(data: bytes, page: int) -> Image.Image:
    image = Image.open(io.BytesIO(data), formats=FORMATS)
    if page > 1:
        image.seek(page - 1)
        if image.width * image.height > 2 * (Image.MAX_IMAGE_PIXELS or 0):  # Pillow looks at the first page
            raise Image.DecompressionBombError(f"page {page} is {image.width} x {image.height} pixels")
    image.load()
    turn = _turn(image)
    return image if turn is None else image.transpose(turn)


def _turn(image: Image.Image) -> Image.Transpose | None:
    """By EXIF, which is read and never written: Pillow's own way writes it anew and fails on odd tags."""
    try:
        return TURNS.get(image.getexif().get(EXIF_ORIENTATION, 1))
    except Exception:  # unreadable EXIF is no EXIF
        return None


def _to_pixels(image: Image.Image) -> Picture:
    pixels = np.empty((image.height, image.width, 3), dtype=np.uint8)
    rows = max(1, BAND_PIXELS // image.width)
    for top in range(0, image.height, rows):
        bottom = min(top + rows, image.height)
        pixels[top:bottom] = _band_pixels(image.crop((0, top, image.width, bottom)))
    return pixels


def _band_pixels(band: Image.Image) -> Picture:
    if band.mode.startswith("I;16"):
        grey = np.asarray(band) >> 8
        return cv2.cvtColor(grey.astype(np.uint8), cv2.COLOR_GRAY2BGR)  # type: ignore[no-any-return]
    if band.has_transparency_data:
        band = Image.alpha_composite(Image.new("RGBA", band.size, "white"), band.convert("RGBA"))
    rgb = band if band.mode == "RGB" else band.convert("RGB")
    return cv2.cvtColor(np.asarray(rgb), cv2.COLOR_RGB2BGR)  # type: ignore[no-any-return]


def _undecodable(what: str, data: bytes) -> Invalid:
    return Invalid(RequestReason.UNDECODABLE, f"the picture of {len(data)} bytes {what}.")
