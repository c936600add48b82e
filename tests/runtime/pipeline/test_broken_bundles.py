"""Bundles that must not be served, each opened in a process of its own as a worker would."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from paddle_runtime.bundle.make import write_manifest
from tests.runtime.pipeline.builders import ocr_bundle

OPEN = """
import sys
from pathlib import Path
from paddle_runtime.bundle.store import open_bundle
from paddle_runtime.errors import BundleFault
from paddle_runtime.pipeline import open_pipeline
from paddle_runtime.predictor.devices import DeviceSettings
try:
    open_pipeline(open_bundle(Path(sys.argv[1])), DeviceSettings()).self_test()
except BundleFault as fault:
    print(fault)
    sys.exit(fault.reason.value)
"""
LOAD_FAILED, SELF_TEST_FAILED = 20, 22


def swap_characters(folder: Path) -> None:
    dictionary = folder / "recognise" / "characters.txt"
    characters = dictionary.read_text(encoding="utf-8").splitlines()
    dictionary.write_text("\n".join([*characters[100:], *characters[:100]]), encoding="utf-8")


def cut_program(folder: Path) -> None:
    program = folder / "orient" / "inference.pdmodel"
    program.write_bytes(program.read_bytes()[:5000])


@pytest.mark.parametrize(
    ("damage", "code", "words"),
    [
        (swap_characters, SELF_TEST_FAILED, "character error rate"),
        (cut_program, LOAD_FAILED, "module orient"),
    ],
)
def test_a_broken_bundle_ends_with_its_reason(
    damage: Callable[[Path], None], code: int, words: str, tmp_path: Path
) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(ocr_bundle().path, folder)
    damage(folder)
    write_manifest(folder)
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr[-2000:]
    assert words in done.stdout
