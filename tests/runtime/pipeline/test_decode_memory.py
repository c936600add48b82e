"""No picture that is let in takes more memory than was allowed for it: the worst of each form, at its cap."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from paddle_runtime.limits import DECODE_BYTES_A_PIXEL, PICTURE_BYTES_A_PIXEL, Limits
from paddle_runtime.picture_size import FORMATS, jpeg_coefficient_bytes

CAPS = Limits(max_body_bytes=20 << 20, max_pixels=40_000_000, max_side=16_384)
MIB = 1024 * 1024
# A body of 20 MiB is held twice beside the pixels; bands of a million pixels, tables and the allocator's own.
BESIDE_BYTES = 50 * MIB
DECODE = """
import sys
from pathlib import Path
from paddle_runtime.limits import Limits, check_picture
from paddle_runtime.pipeline.picture import cap_pixels, decode_picture

def resident(which):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(which)) * 1024

data = Path(sys.argv[1]).read_bytes()
cap_pixels(40_000_000)
check_picture(data, Limits(max_body_bytes=20 << 20, max_pixels=40_000_000, max_side=16_384))
Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
before = resident("VmRSS")
decode_picture(memoryview(data))
print(resident("VmHWM") - before)
"""
MAKE = """
import sys
import numpy as np
from PIL import Image

form, mode, side = sys.argv[2], sys.argv[3], int(sys.argv[4])
image = Image.new(mode, (side, side))
# Noise that the decoder has to work for.
noise = np.random.default_rng(1).integers(0, 255, (1000, 1500, 3), dtype=np.uint8)
if mode != "F":
    image.paste(Image.fromarray(noise).convert(mode), (0, 0))
exif = Image.Exif()
exif[0x0112] = 6  # lies on its side
options = {
    "JPEG": {"progressive": mode == "CMYK", "subsampling": 0},
    "WEBP": {"method": 0},
    "TIFF": {"compression": "tiff_adobe_deflate"},
}
if form == "WEBP" and mode == "RGBA":
    options["WEBP"]["lossless"] = True
image.save(sys.argv[1], form, **({} if form == "BMP" else {"exif": exif}), **options.get(form, {}))
"""
WORST = [("JPEG", "RGB"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("BMP", "L"), ("TIFF", "F"), ("WEBP", "RGBA")]


def test_a_progressive_picture_costs_what_is_kept_between_its_scans() -> None:
    def cost(mode: str, **options: object) -> int:
        buffer = io.BytesIO()
        Image.new(mode, (64, 64)).save(buffer, "JPEG", **options)
        return jpeg_coefficient_bytes(buffer.getvalue())

    assert cost("RGB") == 0
    assert cost("RGB", progressive=True, subsampling=2) == 3
    assert cost("RGB", progressive=True, subsampling=0) == 6
    assert cost("CMYK", progressive=True) == 8
    assert cost("L", progressive=True) == 2


def test_every_form_has_its_figure_and_its_measurement() -> None:
    assert set(DECODE_BYTES_A_PIXEL) == set(FORMATS) == {form for form, _ in WORST}


@pytest.mark.parametrize(("form", "mode"), WORST)
def test_the_worst_picture_that_is_let_in_stays_within_its_allowance(
    form: str, mode: str, tmp_path: Path
) -> None:
    pixels = min(CAPS.max_pixels, CAPS.max_decode_bytes // DECODE_BYTES_A_PIXEL[form])
    if mode == "CMYK":  # progressive: all coefficients of four components are kept
        pixels = CAPS.max_decode_bytes // (PICTURE_BYTES_A_PIXEL + 8)
    if form == "BMP":
        pixels = CAPS.max_body_bytes - 65_536  # which packs nothing that Pillow writes
    made = tmp_path / "worst"
    side = int(pixels**0.5)
    making = [sys.executable, "-c", MAKE, str(made), form, mode, str(side)]
    subprocess.run(making, check=True)
    assert made.stat().st_size <= CAPS.max_body_bytes
    done = subprocess.run(
        [sys.executable, "-c", DECODE, str(made)], check=True, capture_output=True, text=True
    )
    taken = int(done.stdout)
    assert taken <= CAPS.max_decode_bytes + BESIDE_BYTES, f"{taken / MIB:.0f} MiB"
    assert taken >= side * side * 3, "the measurement saw less than the answer itself"
