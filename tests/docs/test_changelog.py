from __future__ import annotations

from pathlib import Path

import pytest

from hack.changelog import BadFragment, fragments, section

ROOT = Path(__file__).resolve().parents[2]


def test_the_fragments_of_this_tree_are_well_formed() -> None:
    assert all(text for _, text in fragments(ROOT / "news"))


def test_fragments_are_gathered_by_kind(tmp_path: Path) -> None:
    (tmp_path / "b-retries.fixed.md").write_text("Retries\nwork.\n")
    (tmp_path / "a-route.added.md").write_text("A route.")
    (tmp_path / "README.md").write_text("not a fragment")
    text = section("0.2.0", "2026-12-01", fragments(tmp_path))
    assert text == "## 0.2.0 (2026-12-01)\n\n### Added\n- A route.\n\n### Fixed\n- Retries work.\n"


@pytest.mark.parametrize(
    ("name", "text"), [("x.new.md", "t"), ("Bad Name.added.md", "t"), ("x.added.md", " \n")]
)
def test_a_wrong_fragment_is_named(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadFragment, match=name.split(".", maxsplit=1)[0]):
        fragments(tmp_path)
