"""Bytes of a picture to pixels, strictly: what is cut off or damaged is refused, not half read."""

from __future__ import annotations

import io
import warnings

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from paddle_runtime.errors import Invalid, RequestReason

Picture = npt.NDArray[np.uint8]
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
EXIF_ORIENTATION = 0x0112


def cap_pixels(most: int) -> None:
    """Have the decoder refuse larger pictures: the second guard, should the first have read another size."""
    Image.MAX_IMAGE_PIXELS = (most + 1) // 2  # Pillow warns above it and refuses above its double


def decode_picture(payload: memoryview) -> Picture:
    """Height x width x 3, blue green red, upright after its EXIF orientation, transparency on white."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged metadata is no reason to refuse a picture
            with Image.open(io.BytesIO(payload), formats=FORMATS) as image:
                image.load()
                return _to_pixels(image)
    except UnidentifiedImageError as error:
        raise _undecodable(f"is none of {', '.join(FORMATS)}", payload) from error
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise _undecodable(f"is damaged or cut off ({error})", payload) from error


def _to_pixels(image: Image.Image) -> Picture:
    if image.getexif().get(EXIF_ORIENTATION, 1) != 1:
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):
        grey = np.asarray(image) >> 8
        return cv2.cvtColor(grey.astype(np.uint8), cv2.COLOR_GRAY2BGR)  # type: ignore[no-any-return]
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    rgb = image if image.mode == "RGB" else image.convert("RGB")
    return cv2.cvtColor(np.asarray(rgb), cv2.COLOR_RGB2BGR)  # type: ignore[no-any-return]


def _undecodable(what: str, payload: memoryview) -> Invalid:
    return Invalid(
        RequestReason.UNDECODABLE,
        f"the picture of {len(payload)} bytes {what}: send a complete file.",
    )
