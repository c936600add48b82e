"""Only processes with our mark are ours, and only those are ended."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from hack.cluster import processes
from hack.cluster.constants import PROCESS_MARK


@pytest.fixture(name="marked")
def a_marked_process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"], env={**os.environ, PROCESS_MARK: "unitmark"}) as process:
        yield process
        process.kill()


@pytest.fixture(name="stranger")
def a_process_of_somebody_else() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"], env={**os.environ, "OTHER": PROCESS_MARK}) as process:
        yield process
        process.kill()


def test_a_process_is_found_by_its_mark(marked: subprocess.Popen[bytes]) -> None:
    assert processes.mark_of(marked.pid) == "unitmark"
    assert processes.owned("unitmark") == {marked.pid: "unitmark"}


def test_a_process_without_the_mark_belongs_to_nobody(stranger: subprocess.Popen[bytes]) -> None:
    assert processes.owner_of(stranger.pid) is None
    assert stranger.pid not in processes.owned()


def test_killing_a_cluster_ends_its_processes_and_no_others(
    marked: subprocess.Popen[bytes], stranger: subprocess.Popen[bytes]
) -> None:
    assert processes.kill_cluster("unitmark", timeout=10) == []
    assert marked.wait(timeout=10) == -9
    assert stranger.poll() is None


def test_killing_a_cluster_leaves_the_processes_of_another(marked: subprocess.Popen[bytes]) -> None:
    assert processes.kill_cluster("nosuch", timeout=1) == []
    assert marked.poll() is None


def test_a_marked_process_that_is_not_the_first_of_its_namespace_is_not_taken_for_a_node(
    marked: subprocess.Popen[bytes],
) -> None:
    assert processes.mark_of(marked.pid) == "unitmark"
    assert processes.first_process("unitmark") is None
