"""RapidOCR on onnxruntime: `read_rapidocr.py '{"det_limit_side_len": 960}'`, its constructor's options."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from benchmarks.readers.line_protocol import Pieces, private_output, serve_lines


def main() -> None:
    output = private_output()
    from rapidocr_onnxruntime import RapidOCR  # noqa: PLC0415

    engine = RapidOCR(**json.loads(sys.argv[1]))

    def read(asked: Mapping[str, Any]) -> Pieces:
        found, _ = engine(str(asked["path"]))
        return [(text, box) for box, text, _ in found or []]

    serve_lines(output, read)


if __name__ == "__main__":
    main()
