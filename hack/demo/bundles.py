"""The bundles that go into the store: PP-OCRv4 mobile of the environment, and the trained digits."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from hack.cluster.commands import run
from hack.cluster.errors import ClusterError
from hack.cluster.layout import cache_root
from hack.cluster.progress import Progress
from hack.demo.site import ROOT

TRAIN = ROOT / "examples" / "02-digits" / "train.py"
TRAIN_SECONDS = 300


def ppocr_bundle() -> Path:
    """The bundle that `make venv` assembled."""
    bundle = Path(sys.prefix) / "share" / "paddle-runtime" / "models" / "ppocr-v4-mobile"
    if not (bundle / "model.yaml").is_file():
        raise ClusterError(f"{bundle} holds no model.yaml: run `make venv`")
    return bundle


def digits_bundle(progress: Progress) -> Path:
    """The digit classifier, trained once for each version of its script and of the locked packages."""
    recipe = hashlib.sha256(TRAIN.read_bytes() + (ROOT / "uv.lock").read_bytes()).hexdigest()[:12]
    bundle = cache_root() / "bundles" / recipe / "digits"
    if not (bundle / "model.yaml").is_file():
        with progress.step("training the digit classifier"):
            run([sys.executable, TRAIN, "--into", bundle], timeout=TRAIN_SECONDS)
    return bundle
