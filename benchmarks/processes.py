"""CPU and memory of processes with all their children, from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def tree(roots: Iterable[int]) -> set[int]:
    """The processes and everything that they started."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := stat(int(folder.name))):
            parents[int(folder.name)] = int(fields[1])
    found = set(roots)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time, with that of children which ended."""
    return sum(sum(int(value) for value in fields[11:15]) for pid in pids if (fields := stat(pid))) / TICKS


def resident_bytes(pids: Iterable[int]) -> int:
    return sum(int(fields[21]) * PAGE for pid in pids if (fields := stat(pid)))


def proportional_bytes(pid: int) -> int:
    """Resident memory in which pages that several processes share count by their share; 0 when it is gone.

    Summed over processes it is what a control group is charged, but for what the kernel itself keeps.
    """
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def machine_seconds() -> tuple[float, float]:
    """CPU seconds of the whole machine since it started: busy, and taken by its host (steal)."""
    values = [int(value) / TICKS for value in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    user, nice, system, _idle, _wait, interrupt, soft, steal = values
    return user + nice + system + interrupt + soft, steal
