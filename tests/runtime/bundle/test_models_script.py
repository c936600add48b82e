"""hack/models.py: the same bundle everywhere, before anything is installed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from paddle_runtime.bundle.store import builtin_path, open_bundle
from paddle_runtime.bundle.verify import verify

SCRIPT = Path(__file__).parents[3] / "hack" / "models.py"


def assemble(into: Path) -> str:
    # -I: nothing of this environment but the standard library is needed.
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), "--into", str(into)], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_it_assembles_the_bundle_of_this_environment_again(tmp_path: Path) -> None:
    assemble(tmp_path)
    bundle = open_bundle(tmp_path / "ppocr-v4-mobile", open_bundle(builtin_path("ppocr-v4-mobile")).digest)
    assert verify(bundle) == bundle.manifest.size_bytes
    assert [path.name for path in tmp_path.iterdir()] == ["ppocr-v4-mobile"]
    assert "present" in assemble(tmp_path)


def test_what_is_incomplete_is_made_anew(tmp_path: Path) -> None:
    assemble(tmp_path)
    (tmp_path / "ppocr-v4-mobile" / "model.yaml").write_text("older")
    assert "made" in assemble(tmp_path)
    verify(open_bundle(tmp_path / "ppocr-v4-mobile"))


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
