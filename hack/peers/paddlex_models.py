"""Lay a bundle's weights out as PaddleX reads them: `python paddlex_models.py BUNDLE INTO`.

Run by the peer's own interpreter, whose PaddleX says what belongs into each model's inference.yml. Also
written is OCR.yaml, PaddleX's own pipeline as it ships but for the models' places and for the two document
models (page orientation and unwarping), whose weights cannot be had without a hub.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"

import yaml
from paddlex.inference.pipelines import load_pipeline_config
from paddlex.modules.base.utils.pdparams2safetensors.inference_meta import build_inference_meta

# module of the bundle -> PaddleX's name of the model, the model of the same form whose inference.yml PaddleX
# can write (it fetches that of version 4 from a hub), and its place in the pipeline's file
MODELS = {
    "detect": ("PP-OCRv4_mobile_det", "PP-OCRv5_mobile_det", "TextDetection"),
    "recognise": ("PP-OCRv4_mobile_rec", "PP-OCRv5_mobile_rec", "TextRecognition"),
    "orient": ("PP-LCNet_x0_25_textline_ori", "PP-LCNet_x0_25_textline_ori", "TextLineOrientation"),
}


def main(bundle: Path, into: Path) -> None:
    """One folder a model, and the pipeline's file."""
    pipeline: dict[str, Any] = json.loads(json.dumps(load_pipeline_config("OCR")))
    pipeline["use_doc_preprocessor"] = False
    for module, (name, form, place) in MODELS.items():
        folder = into / name
        folder.mkdir(parents=True, exist_ok=True)
        for suffix in ("pdmodel", "pdiparams"):
            shutil.copyfile(bundle / module / f"inference.{suffix}", folder / f"inference.{suffix}")
        meta = {"Global": {"model_name": name}, **build_inference_meta(form)}
        if module == "orient":
            of_older_classifier(meta)
        if module == "recognise":
            lines = (bundle / module / "characters.txt").read_text(encoding="utf-8")
            meta["PostProcess"]["character_dict"] = lines.removesuffix("\n").split("\n")
        (folder / "inference.yml").write_text(yaml.safe_dump(meta, allow_unicode=True), encoding="utf-8")
        pipeline["SubModules"][place] |= {"model_name": name, "model_dir": str(folder)}
    (into / "OCR.yaml").write_text(yaml.safe_dump(pipeline, allow_unicode=True), encoding="utf-8")


def of_older_classifier(meta: dict[str, Any]) -> None:
    """The published v2 classifier under the name of its successor: other size, other normalisation."""
    for step in meta["PreProcess"]["transform_ops"]:
        if "ResizeImage" in step:
            step["ResizeImage"] = {"size": [192, 48]}
        if "NormalizeImage" in step:
            step["NormalizeImage"] |= {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
