"""hack/models.py: the same bundle everywhere, before anything is installed."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from hack.models import LISTED
from paddle_runtime.bundle.store import builtin_path, open_bundle
from paddle_runtime.bundle.verify import verify

BUNDLES = ["ppocr-v4-mobile", "ppocr-v4-mobile-onnx"]
SCRIPT = Path(__file__).parents[3] / "hack" / "models.py"


def assemble(into: Path) -> str:
    # -I: nothing of this environment but the standard library is needed.
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), "--into", str(into)], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_it_assembles_the_bundle_of_this_environment_again(tmp_path: Path) -> None:
    assemble(tmp_path)
    for name in BUNDLES:
        bundle = open_bundle(tmp_path / name, open_bundle(builtin_path(name)).digest)
        assert verify(bundle) == bundle.manifest.size_bytes
    assert sorted(path.name for path in tmp_path.iterdir()) == BUNDLES
    assert "present" in assemble(tmp_path)


def older_manifest(bundle: Path) -> None:
    (bundle / "model.yaml").write_text("older")


def truncated_weights(bundle: Path) -> None:
    os.truncate(bundle / "recognise" / "inference.pdiparams", 1000)


def damaged_picture(bundle: Path) -> None:
    picture = bundle / "selftest" / "page.png"
    picture.write_bytes(picture.read_bytes()[:-1] + b"?")


@pytest.mark.parametrize("spoil", [older_manifest, truncated_weights, damaged_picture])
def test_what_is_incomplete_is_made_anew(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    assemble(tmp_path)
    spoil(tmp_path / "ppocr-v4-mobile")
    assert "made" in assemble(tmp_path)
    verify(open_bundle(tmp_path / "ppocr-v4-mobile"))


@pytest.mark.parametrize("name", BUNDLES)
def test_it_checks_every_file_that_the_manifest_names(name: str) -> None:
    text = (SCRIPT.parent / "bundles" / name / "model.yaml").read_text(encoding="utf-8")
    assert {name for name, _ in LISTED.findall(text)} == set(yaml.safe_load(text)["files"])


def test_it_imports_the_standard_library_only() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= sys.stdlib_module_names
