"""Tesseract by its C interface: `read_tesseract.py '{"psm": {"lines": 7}, "languages": "eng"}'`.

Page segmentation modes by stratum; 3 (automatic) where none is given.
"""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Mapping
from typing import Any

import cv2

from benchmarks.readers.line_protocol import Pieces, private_output, serve_lines

LIBRARY = "libtesseract.so.5"
AUTOMATIC = 3
# A row of its table: level page block paragraph line word left top width height confidence text
WORD = "5"


class Tesseract:
    """One handle of the library."""

    def __init__(self, languages: str) -> None:
        self.library = ctypes.CDLL(LIBRARY)
        for name, kind in (("Create", ctypes.c_void_p), ("GetTsvText", ctypes.c_void_p)):
            getattr(self.library, f"TessBaseAPI{name}").restype = kind
        self.handle = ctypes.c_void_p(self.library.TessBaseAPICreate())
        if self.library.TessBaseAPIInit3(self.handle, None, languages.encode()) != 0:
            raise SystemExit(f"tesseract has no {languages}: install tesseract-ocr-chi-sim tesseract-ocr-eng")

    def read(self, path: str, mode: int) -> Pieces:
        """Words with their boxes."""
        library, picture = self.library, cv2.imread(path)
        if picture is None:
            raise ValueError(f"{path} is no picture")
        rgb = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        height, width = rgb.shape[:2]
        library.TessBaseAPISetPageSegMode(self.handle, mode)
        data = ctypes.c_char_p(rgb.tobytes())
        library.TessBaseAPISetImage(self.handle, data, width, height, 3, 3 * width)
        library.TessBaseAPISetSourceResolution(self.handle, 150)
        if library.TessBaseAPIRecognize(self.handle, None) != 0:
            raise RuntimeError(f"tesseract failed on {path}")
        text = ctypes.c_void_p(library.TessBaseAPIGetTsvText(self.handle, 0))
        table = ctypes.string_at(text).decode()
        library.TessDeleteText(text)
        return [word(line.split("\t")) for line in table.splitlines() if line.startswith(f"{WORD}\t")]


def word(columns: list[str]) -> tuple[str, list[list[float]]]:
    left, top, width, height = (float(value) for value in columns[6:10])
    right, bottom = left + width, top + height
    return columns[11], [[left, top], [right, top], [right, bottom], [left, bottom]]


def main() -> None:
    output = private_output()
    cv2.setNumThreads(0)
    options = json.loads(sys.argv[1])
    engine = Tesseract(options["languages"])
    modes = options.get("psm", {})

    def read(asked: Mapping[str, Any]) -> Pieces:
        return engine.read(str(asked["path"]), modes.get(asked["stratum"], AUTOMATIC))

    serve_lines(output, read)


if __name__ == "__main__":
    main()
