"""When a program is built again, and what a build is made from."""

from __future__ import annotations

from pathlib import Path

import pytest

from hack.cluster import programs
from hack.cluster.errors import ProgramMissing
from hack.cluster.progress import Progress
from hack.demo.site import ROOT

GO = "go version go1.26.8 linux/amd64"


@pytest.mark.parametrize("module", programs.MODULES, ids=lambda module: module.folder)
def test_every_module_is_pinned_by_a_sum_of_each_download(module: programs.Module) -> None:
    source = programs.source_of(module.folder)
    requires = "require" in (source / "go.mod").read_text()
    assert requires == (source / "go.sum").exists()


@pytest.mark.parametrize(
    ("text", "version"),
    [(GO, (1, 26, 8)), ("go version go1.26 linux/arm64", (1, 26, 0)), ("gcc (Debian) 12", ())],
)
def test_the_compilers_version_is_read_from_its_line(text: str, version: tuple[int, ...]) -> None:
    assert programs.parse_go_version(text) == version


def test_the_readme_names_the_oldest_compiler_that_is_taken() -> None:
    oldest = ".".join(str(part) for part in programs._GO_OLDEST)
    assert f"Go {oldest} or newer" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_key_is_stable_and_changes_with_compiler_flags_and_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "_TOOLS", tmp_path)
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "go.mod").write_text("module m\n")
    module = programs.Module("m", ("example.org/a",))
    first = programs.key_of(module, GO)
    assert programs.key_of(module, GO) == first
    others = {
        programs.key_of(module, "go version go1.27.0 linux/amd64"),
        programs.key_of(programs.Module("m", ("example.org/a",), linker_flags="-X a=b"), GO),
        programs.key_of(programs.Module("m", ("example.org/b",)), GO),
    }
    (tmp_path / "m" / "go.sum").write_text("example.org/a v1.0.0 h1:x\n")
    others.add(programs.key_of(module, GO))
    assert len(others | {first}) == 5


def test_a_program_is_current_only_with_its_file_and_the_same_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PADDLE_SLA_CACHE", str(tmp_path))
    module = programs.Module("m", ("example.org/cmd/one", "example.org/cmd/two"))
    keys = tmp_path / "bin" / ".keys"
    keys.mkdir(parents=True)
    (keys / "m").write_text("k1")
    (tmp_path / "bin" / "one").touch()
    assert not programs.is_current(module, "k1")
    (tmp_path / "bin" / "two").touch()
    assert programs.is_current(module, "k1")
    assert not programs.is_current(module, "k2")


def test_an_unknown_module_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ProgramMissing, match=r"no tools module nginx; there are pause, helm"):
        programs.ensure(Progress(), ["nginx"])


def test_a_missing_compiler_says_which_one_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ProgramMissing, match=r"install Go 1\.26\.7 or later"):
        programs.compiler()
