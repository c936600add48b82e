"""What PaddleOCR's own pipeline reads: `python parity_peer.py FOLDER`, by the paddlex peer's interpreter.

FOLDER/order.json says which pictures, which pipeline's file and the parameters of each call; FOLDER/read.json
gets what was read: for each picture, [text, score, polygon] of every line. Run by parity.py.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"

import yaml
from paddlex import create_model, create_pipeline


def main(folder: Path) -> None:
    """Read everything of the order."""
    order: dict[str, Any] = json.loads((folder / "order.json").read_text(encoding="utf-8"))
    answers: dict[str, Any] = {}
    for name, how in order["pipelines"].items():
        config = yaml.safe_load(Path(how["config"]).read_text(encoding="utf-8"))
        pipeline = create_pipeline(config=config, device="cpu")
        answers[name] = {}
        for picture in order["pictures"]:
            (result,) = pipeline.predict(picture, **how["parameters"])
            read = result.json["res"]
            lines = zip(read["rec_texts"], read["rec_scores"], read["rec_polys"], strict=True)
            answers[name][picture] = [list(line) for line in lines]
    if order["crops"]:
        model = create_model(
            order["recogniser"]["name"], model_dir=order["recogniser"]["folder"], device="cpu"
        )
        found = [result.json["res"] for result in model.predict(order["crops"], batch_size=1)]
        answers["crops"] = [[each["rec_text"], each["rec_score"]] for each in found]
    (folder / "read.json").write_text(json.dumps(answers, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
