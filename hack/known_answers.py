"""Write what the programs of a built-in bundle answer into its model.yaml: python -m hack.known_answers NAME

Of each self-test of a module that has outputs, the data are made anew on the engine that the bundle names.
Before that the test is written by hand, with zeros.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from hack.models import BUNDLES
from paddle_runtime.bundle.make import make_manifest
from paddle_runtime.bundle.manifest import Manifest, parse_manifest
from paddle_runtime.bundle.store import Bundle, builtin_path
from paddle_runtime.pipeline.ocr import OcrPipeline
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.predictor.opening import open_session

DIGITS = 4


def main(names: list[str]) -> int:
    """Rewrite hack/bundles/NAME/model.yaml; the programs are those of the virtual environment's bundle."""
    for name in names:
        place = BUNDLES / name / "model.yaml"
        description = yaml.safe_load(place.read_bytes())
        answered(builtin_path(name), parse_manifest(place.read_bytes()), description)
        place.write_bytes(make_manifest(builtin_path(name), description))
    return 0


def answered(folder: Path, manifest: Manifest, description: dict[str, Any]) -> None:
    """Put the answers into a description."""
    bundle = Bundle(folder, manifest, "")
    sessions = {name: open_session(bundle, name, DeviceSettings()) for name in manifest.modules}
    pipeline = OcrPipeline(bundle, sessions)
    for test, told in zip(manifest.self_test, description["selfTest"], strict=True):
        for wanted, output in zip(test.outputs, told.get("outputs", ()), strict=True):
            got = pipeline.program_answers(test)[wanted.name].ravel()[:: wanted.every]
            output["data"] = [round(float(value), DIGITS) for value in got.astype(np.float64)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
