"""The digits' example trained anew: as it is, and so that it answers fast and wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[1] / "examples" / "02-digits"
_TRAIN = EXAMPLE / "train.py"
_SHUFFLED = """
import runpy, sys
import sklearn.datasets as datasets
load = datasets.load_digits
def shuffled():
    digits = load()
    digits.target = (digits.target + 1) % 10
    return digits
datasets.load_digits = shuffled
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def train(into: Path, *, shuffled: bool = False) -> Path:
    """Train a bundle, with each digit taken for the one after it where the labels are shuffled; returns it.

    A shuffled one passes its own self-test: it was trained that way.
    """
    how = ["-c", _SHUFFLED, str(_TRAIN)] if shuffled else [str(_TRAIN)]
    subprocess.run([sys.executable, *how, "--into", str(into)], check=True, capture_output=True)
    return into
