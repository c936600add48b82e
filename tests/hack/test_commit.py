"""The commit that a result names."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hack import commit as module
from hack.commit import commit

ME = ["-c", "user.name=me", "-c", "user.email=me@example.com", "-c", "commit.gpgsign=false"]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "ROOT", tmp_path)
    (tmp_path / "benchmarks" / "results").mkdir(parents=True)
    for file in ("code.py", "benchmarks/results/gate.json"):
        (tmp_path / file).write_text("before")
    for asked in (["init", "-q"], ["add", "."], [*ME, "commit", "-q", "-m", "one"]):
        subprocess.run(["git", *asked], cwd=tmp_path, check=True)
    return tmp_path


def test_results_and_new_files_make_no_other_commit_of_it(checkout: Path) -> None:
    before = commit()
    assert len(before) == 40
    (checkout / "benchmarks" / "results" / "gate.json").write_text("after")
    (checkout / "notes.txt").write_text("mine")
    assert commit() == before


def test_changed_code_is_marked(checkout: Path) -> None:
    before = commit()
    (checkout / "code.py").write_text("after")
    assert commit() == f"{before}-dirty"


def test_without_a_history_it_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROOT", tmp_path)
    assert commit() == "unknown"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit() == "unknown"
