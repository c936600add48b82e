"""Which builder is taken, and how it is called."""

from __future__ import annotations

import io
import itertools
from pathlib import Path

import pytest

from hack.cluster.errors import CommandFailed, ProgramMissing
from hack.cluster.images import engine
from hack.cluster.images.engine import Engine, find, follow, note_of
from hack.cluster.progress import Progress


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def install(path: Path, program: str, script: str = "exit 0") -> None:
    (path / program).write_text(f"#!/bin/sh\n{script}\n")
    (path / program).chmod(0o755)


def test_buildah_is_preferred_because_it_needs_no_daemon(path: Path) -> None:
    for program in engine.ENGINES:
        install(path, program)
    assert find({}).program == "buildah"


def test_docker_counts_only_while_its_daemon_answers(path: Path) -> None:
    install(path, "docker", "exit 1")
    with pytest.raises(ProgramMissing, match="apt-get install buildah"):
        find({})
    install(path, "docker", "exit 0")
    assert find({}).program == "docker"


def test_the_environment_names_the_engine(path: Path) -> None:
    for program in engine.ENGINES:
        install(path, program)
    assert find({"PADDLE_SLA_ENGINE": "podman"}).program == "podman"
    with pytest.raises(ProgramMissing, match="'img' is not one of"):
        find({"PADDLE_SLA_ENGINE": "img"})


@pytest.mark.parametrize("program", engine.ENGINES)
def test_each_engine_is_told_target_tag_and_arguments(program: str) -> None:
    command = Engine(program).build_command(
        target="runtime", tag="x/runtime:dev", context=Path("/src"), arguments={"BASE_IMAGE": "x/base:1"}
    )
    assert command[:2] == [program, "build"]
    assert command[-1] == "/src"
    for pair in (("--target", "runtime"), ("--tag", "x/runtime:dev"), ("--build-arg", "BASE_IMAGE=x/base:1")):
        assert pair in itertools.pairwise(command)


def test_only_docker_keeps_its_images_behind_a_daemon() -> None:
    assert Engine("docker").source("a:1") == "docker-daemon:a:1"
    assert Engine("podman").source("a:1") == Engine("buildah").source("a:1") == "containers-storage:a:1"
    assert [Engine(program).local_base for program in engine.ENGINES] == [True, True, False]


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("[5/8] STEP 3/6: RUN uv   pip install", "[5/8] 3/6: RUN uv pip install"),
        ("#12 [runtime-deps 2/4] RUN uv", "[runtime-deps 2/4] RUN uv"),
        ("Collecting numpy", ""),
        ("", ""),
    ],
)
def test_progress_is_read_from_the_builders_own_lines(line: str, note: str) -> None:
    assert note_of(line) == note


def test_a_failing_build_shows_its_last_lines(tmp_path: Path) -> None:
    with Progress(io.StringIO(), live=False).step("image") as step, pytest.raises(CommandFailed) as failure:
        follow(["sh", "-c", "echo the reason; exit 3"], step, timeout=10, cwd=tmp_path)
    assert "ended with 3" in str(failure.value)
    assert "the reason" in str(failure.value)


@pytest.mark.e2e  # needs root, as the embedded node does
def test_a_builder_takes_its_mounts_and_processes_with_it(tmp_path: Path) -> None:
    place = tmp_path / "mounted"
    place.mkdir()
    script = f"mount -t tmpfs none {place} && touch {place}/file && setsid sleep 61.234 & sleep 0.5"
    with Progress(io.StringIO(), live=False).step("image") as step:
        follow(["sh", "-c", script], step, timeout=10, cwd=tmp_path)
    assert not (place / "file").exists()
    assert str(place) not in Path("/proc/mounts").read_text()
    running = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert b"sleep\x0061.234\0" not in running


def test_docker_and_other_users_builders_run_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert engine.alone("docker") == []
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert engine.alone("podman") == []


def test_images_are_kept_apart_from_the_machines_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    given = Engine("buildah").environment(tmp_path / "storage")
    written = Path(given["CONTAINERS_STORAGE_CONF"]).read_text()
    assert f'graphroot = "{tmp_path}/storage/graph"' in written
    assert Engine("docker").environment(tmp_path) == {}
