"""PaddleX's OCR pipeline: `read_paddlex.py OCR.yaml '{"create": {...}, "predict": {...}}'`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from benchmarks.readers.line_protocol import Pieces, private_output, serve_lines


def main() -> None:
    output = private_output()
    os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"
    from paddlex import create_pipeline  # noqa: PLC0415

    options = json.loads(sys.argv[2])
    pipeline = create_pipeline(sys.argv[1], **options.get("create", {}))

    def read(asked: Mapping[str, Any]) -> Pieces:
        (result,) = pipeline.predict(str(asked["path"]), **options.get("predict", {}))
        return list(zip(result["rec_texts"], result["rec_polys"], strict=True))

    serve_lines(output, read)


if __name__ == "__main__":
    main()
