"""Pictures for the tests, made from the committed pages, and the real pipeline."""

from __future__ import annotations

import io
import json
from functools import cache
from pathlib import Path

from PIL import Image

from paddle_runtime.bundle.store import Bundle, builtin_path, open_bundle
from paddle_runtime.pipeline import Pipeline, open_pipeline
from paddle_runtime.pipeline.base import Body
from paddle_runtime.pipeline.selftest import texts_of
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.text_error import error_rate

PAGES = Path(__file__).parent / "pages"
LINE_TOPS = [60 + 150 * number for number in range(5)]


@cache
def ocr_bundle() -> Bundle:
    return open_bundle(builtin_path("ppocr-v4-mobile"))


@cache
def real_ocr() -> Pipeline[memoryview, Body]:
    return open_pipeline(ocr_bundle(), DeviceSettings())


def page(name: str) -> Image.Image:
    with Image.open(PAGES / f"{name}.png") as image:
        return image.convert("RGB")


def lines_of(name: str) -> list[str]:
    lines: list[str] = json.loads((PAGES / "pages.json").read_text(encoding="utf-8"))[name]
    return lines


def line_picture(name: str, number: int) -> Image.Image:
    """One line of a page with white around it, about as a detector would cut it."""
    strip = page(name).crop((0, LINE_TOPS[number] - 10, 1280, LINE_TOPS[number] + 70))
    ink = strip.convert("L").point(lambda value: 255 * (value < 128)).getbbox()
    assert ink is not None
    return strip.crop((max(0, ink[0] - 12), max(0, ink[1] - 8), ink[2] + 12, ink[3] + 8))


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> memoryview:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return memoryview(buffer.getvalue())


def read(image: Image.Image, form: str = "PNG", **options: bool | float) -> list[str]:
    return texts_of(real_ocr().run("ocr", encoded(image, form), options).body)


def character_error_rate(expected: list[str], got: list[str]) -> float:
    return error_rate("\n".join(expected), "\n".join(got))
