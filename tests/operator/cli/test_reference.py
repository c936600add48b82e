"""The reference pages are what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from paddle_operator.cli import reference

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", sorted(reference.pages()))
def test_a_page_is_current(name: str) -> None:
    stored = (ROOT / reference.FOLDER / name).read_text(encoding="utf-8")
    assert stored == reference.pages()[name], "run python -m paddle_operator.cli.reference --write"


def test_a_stale_page_is_found_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reference, "FOLDER", tmp_path)
    assert reference.main(["--check"]) == 1
    assert "reasons.md" in capsys.readouterr().err
    assert reference.main(["--write"]) == 0
    assert reference.main(["--check"]) == 0
