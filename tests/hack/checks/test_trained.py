from __future__ import annotations

from pathlib import Path

from tests.trained import recipe


def test_a_model_is_trained_again_when_anything_that_makes_it_has_changed(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("one")
    first = recipe(tmp_path, "")
    assert recipe(tmp_path, "") == first
    assert recipe(tmp_path, "changed labels") != first
    (tmp_path / "sentences.py").write_text("what it learns from")
    second = recipe(tmp_path, "")
    (tmp_path / "train.py").write_text("two")
    assert len({first, second, recipe(tmp_path, "")}) == 3
