"""The peers' environments: pinned whole, and a new one for every changed pin."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hack import peers


@pytest.mark.parametrize("name", peers.NAMES)
def test_every_package_of_a_peer_is_pinned_with_hashes(name: str) -> None:
    text = (peers.FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    entries = [entry for entry in re.split(r"\n(?=\S)", text) if not entry.startswith("#")]
    assert len(entries) > 10
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==\S+ \\\n +--hash=sha256:[0-9a-f]{64}", entry), entry[:80]


@pytest.mark.parametrize("name", peers.NAMES)
def test_what_is_wanted_is_pinned_at_the_wanted_version(name: str) -> None:
    wanted = re.findall(
        r"^([\w-]+)(?:\[\S+\])?==(\S+)", (peers.FOLDER / f"{name}.in").read_text(), re.MULTILINE
    )
    pinned = (peers.FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    assert wanted
    for package, version in wanted:
        assert f"\n{package.replace('_', '-')}=={version} " in "\n" + pinned


def test_a_changed_pin_makes_another_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rapidocr.txt").write_text("one==1\n")
    monkeypatch.setattr(peers, "FOLDER", tmp_path)
    before = peers.home_of("rapidocr")
    (tmp_path / "rapidocr.txt").write_text("one==2\n")
    after = peers.home_of("rapidocr")
    assert before != after
    assert before.parent == after.parent == peers.PEERS


def test_half_an_environment_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def install(name: str, home: Path) -> None:
        assert not home.exists()
        home.mkdir()
        made.append(name)

    monkeypatch.setattr(peers, "PEERS", tmp_path)
    monkeypatch.setattr(peers, "ensure_libraries", lambda: None)
    monkeypatch.setattr(peers, "install", install)
    peers.home_of("rapidocr").mkdir(parents=True)
    home = peers.make("rapidocr")
    assert peers.make("rapidocr") == home
    assert made == ["rapidocr"]
