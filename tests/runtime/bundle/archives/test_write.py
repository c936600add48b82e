"""Our own archives, and the commands that take one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from paddle_runtime.bundle.archive.kinds import ArchiveKind
from paddle_runtime.bundle.archive.write import write_archive
from paddle_runtime.bundle.store import Bundle, open_bundle
from paddle_runtime.main import main
from tests.runtime.bundle.archives.by_hand import files_below
from tests.runtime.bundle.builders import small_bundle
from tests.runtime.pipeline.builders import ocr_bundle
from tests.runtime.serving.testbed import RunningServer


@pytest.fixture
def small(tmp_path: Path) -> Bundle:
    return small_bundle(tmp_path / "small")


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    main([*arguments, "--output", "json"])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


@pytest.mark.parametrize("kind", list(ArchiveKind))
def test_equal_folders_give_equal_bytes_whatever_their_times_and_modes(
    kind: ArchiveKind, small: Bundle, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(small.path, copy)
    for path in copy.iterdir():
        path.chmod(0o755)
        os.utime(path, (1, 1))
    first, second = tmp_path / f"first{kind.value}", tmp_path / f"second{kind.value}"
    write_archive(small, kind, first)
    write_archive(open_bundle(copy), kind, second)
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["copy", first.name, second.name, "small"]
    )


def test_what_other_programs_make_of_ours_is_the_same(small: Bundle, tmp_path: Path) -> None:
    for kind in (ArchiveKind.TGZ, ArchiveKind.ZIP):
        write_archive(small, kind, tmp_path / f"m{kind.value}")
    (tmp_path / "by-tar").mkdir()
    subprocess.run(["tar", "-xzf", "../m.tgz"], cwd=tmp_path / "by-tar", check=True)
    with zipfile.ZipFile(tmp_path / "m.zip") as packed:
        packed.extractall(tmp_path / "by-zip")
        assert packed.testzip() is None
    for folder in ("by-tar", "by-zip"):
        assert {p.name: p.read_bytes() for p in (tmp_path / folder).iterdir()} == {
            p.name: p.read_bytes() for p in small.path.iterdir()
        }


@pytest.mark.parametrize("form", ["gnu", "ustar", "posix"])
def test_what_tar_makes_of_a_folder_is_taken(
    form: str, small: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tmp_path / "m.tar.gz"
    subprocess.run(["tar", f"--format={form}", "-czf", str(made), "-C", str(small.path), "."], check=True)
    assert told(capsys, "verify", str(made))["result"]["digest"] == small.digest


def test_the_commands_take_an_archive_and_leave_nothing_behind(
    small: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    made = tmp_path / "m.zip"
    packed = told(capsys, "bundle", str(small.path), "--archive", str(made))["result"]
    assert packed["archiveBytes"] == made.stat().st_size
    assert told(capsys, "verify", str(made))["result"]["digest"] == packed["digest"]
    assert told(capsys, "inspect", str(made))["result"]["digest"] == packed["digest"]
    made.write_bytes(made.read_bytes()[:-9])
    assert "ends in the middle of its end" in told(capsys, "verify", str(made))["message"]
    assert files_below(scratch) == []


def test_a_file_that_is_no_archive_is_told_with_what_is_taken(
    small: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        "is neither a folder nor an archive (.tar"
        in told(capsys, "verify", str(small.file("model.yaml")))["message"]
    )
    wrong = told(capsys, "bundle", str(small.path), "--archive", str(tmp_path / "m.rar"))
    assert "archives of the kind .rar are not read" in wrong["message"]
    assert "must end in one of .tar" in told(capsys, "bundle", str(small.path), "--archive", "m")["message"]


def test_an_archive_is_served_and_its_unpacked_files_go_with_the_server(tmp_path: Path) -> None:
    made, scratch = tmp_path / "ocr.tar.gz", tmp_path / "scratch"
    scratch.mkdir()
    write_archive(ocr_bundle(), ArchiveKind.TAR_GZ, made)
    command = (sys.executable, "-m", "paddle_runtime.main", "serve")
    environment = {"TMPDIR": str(scratch)}
    with RunningServer(tmp_path, command, environment=environment, model=made) as server:
        page = (ocr_bundle().path / "selftest" / "page.png").read_bytes()
        assert server.ocr(page).json()["lines"]
        assert list(scratch.glob("paddle-runtime-bundle-*"))
        assert server.terminate() == 0
    assert list(scratch.glob("paddle-runtime-bundle-*")) == []
