"""PaddleX's own serving app, with engine options: `serve_paddlex.py OCR.yaml PORT '{}'`."""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"
    from paddlex import create_pipeline  # noqa: PLC0415
    from paddlex.inference.pipelines import load_pipeline_config  # noqa: PLC0415
    from paddlex.inference.serving.basic_serving import create_pipeline_app, run_server  # noqa: PLC0415

    config = load_pipeline_config(sys.argv[1])
    pipeline = create_pipeline(config=config, **json.loads(sys.argv[3]))
    run_server(create_pipeline_app(pipeline, config), host="127.0.0.1", port=int(sys.argv[2]))


if __name__ == "__main__":
    main()
