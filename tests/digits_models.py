"""The digits' example: as it is, and trained so that it answers fast and wrong."""

from __future__ import annotations

from pathlib import Path

from tests.trained import trained

EXAMPLE = Path(__file__).parents[1] / "examples" / "02-digits"
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
    """A bundle, with each digit taken for the one after it where the labels are shuffled; returns it.

    A shuffled one passes its own self-test: it was trained that way.
    """
    return trained("02-digits", into, through=_SHUFFLED if shuffled else "")
