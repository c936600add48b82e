"""Which processes belong to a cluster, and ending those and no others.

A process is ours when it carries our mark in the environment it was started with, or lives in our cgroup. The
kernel keeps both, so that nothing depends on a record that a kill -9 may have prevented.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from hack.cluster.constants import CGROUP_PREFIX, PROCESS_MARK

_PROC = Path("/proc")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # the process ended while we looked


def mark_of(pid: int) -> str | None:
    """The name of the cluster that a process belongs to by its mark, or None."""
    wanted = PROCESS_MARK.encode() + b"="
    for entry in _read(_PROC / str(pid) / "environ").split(b"\0"):
        if entry.startswith(wanted):
            return entry[len(wanted) :].decode(errors="replace")
    return None


def cgroup_owner_of(pid: int) -> str | None:
    """The name of the cluster in whose cgroup a process is, or None."""
    for line in _read(_PROC / str(pid) / "cgroup").decode(errors="replace").splitlines():
        first = line.split(":", 2)[-1].strip("/").split("/", 1)[0]
        if first.startswith(CGROUP_PREFIX):
            return first.removeprefix(CGROUP_PREFIX)
    return None


def owner_of(pid: int) -> str | None:
    """The name of the cluster that a process belongs to, or None."""
    return mark_of(pid) or cgroup_owner_of(pid)


def _alive(pid: int) -> bool:
    state = _read(_PROC / str(pid) / "stat").rpartition(b")")[2].split()
    return bool(state) and state[0] not in {b"Z", b"X"}


def pids() -> Iterator[int]:
    """All processes of the machine."""
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            yield int(entry.name)


def owned(name: str | None = None) -> dict[int, str]:
    """Live processes of a cluster (of any, when no name is given): pid to cluster name."""
    found = {pid: owner for pid in pids() if (owner := owner_of(pid)) and _alive(pid)}
    return {pid: owner for pid, owner in found.items() if name in {None, owner}}


def _pid_namespace(pid: int | str) -> str:
    try:
        return (_PROC / str(pid) / "ns" / "pid").readlink().name
    except OSError:
        return ""


def first_process(name: str) -> int | None:
    """The pid, as the host sees it, of the node's first process (pid 1 inside), or None when none lives."""
    for pid in pids():
        status = _read(_PROC / str(pid) / "status")
        inner = next((line.split()[1:] for line in status.splitlines() if line.startswith(b"NSpid:")), [])
        if len(inner) > 1 and inner[-1] == b"1" and mark_of(pid) == name and _alive(pid):
            return pid
    return None


def _end(pid: int, name: str) -> int | None:
    """Send SIGKILL through a pid file descriptor, after checking that the pid is still ours."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return None
    if owner_of(pid) != name:
        os.close(handle)
        return None
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    return handle


def kill_cluster(name: str, *, timeout: float = 20.0) -> list[int]:
    """End every process of a cluster; returns those that are still there after `timeout` seconds.

    The node's first process goes first: the kernel then ends everything in its process namespace, so that
    nothing has time to start something new.
    """
    deadline = time.monotonic() + timeout
    first = first_process(name)
    order = [first] if first is not None else []
    while True:
        handles = [handle for pid in order if (handle := _end(pid, name)) is not None]
        for handle in handles:
            select.select([handle], [], [], max(0.0, deadline - time.monotonic()))
            os.close(handle)
        order = sorted(owned(name))
        if not order or time.monotonic() > deadline:
            return order
        time.sleep(0.02)
