"""How many workers fit: the CPU limit of this process's control group, version 1 or 2, rounded down."""

from __future__ import annotations

import math
import os
from pathlib import Path, PurePosixPath


def whole_cpus(limit: float) -> int:
    """One worker for each whole CPU, at least one."""
    return max(math.floor(limit), 1)


def cpu_limit(
    root: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup"), cpus: int | None = None
) -> float:
    """CPUs that this process may use: the least of its affinity and every quota above it.

    In a container the group's own files lie at the root of the mount; on a bare machine they lie under the
    path that `membership` names. Both are looked at, since either may be what is mounted.
    """
    limits = [float(cpus if cpus is not None else len(os.sched_getaffinity(0)))]
    text = membership.read_text() if membership.exists() else ""
    for group in _groups(text):
        for folder in (group, *group.parents):
            relative = str(folder).lstrip("/")
            limits += _quota_v2(root / relative)
            for controller in ("cpu", "cpu,cpuacct"):
                limits += _quota_v1(root / controller / relative)
    return min(limits)


def _groups(text: str) -> list[PurePosixPath]:
    """Paths of the process's groups that can limit CPU, from lines like `0::/a/b` and `4:cpu,cpuacct:/a`."""
    groups = [PurePosixPath("/")]
    for line in text.splitlines():
        parts = line.split(":", 2)
        if len(parts) == 3 and (not parts[1] or "cpu" in parts[1].split(",")) and ".." not in parts[2]:
            groups.append(PurePosixPath(parts[2]))
    return groups


def _quota_v2(folder: Path) -> list[float]:
    """From `cpu.max`: "max 100000" or "150000 100000" (microseconds)."""
    words = _words(folder / "cpu.max")
    if len(words) != 2 or words[0] == "max":
        return []
    return _ratio(words[0], words[1])


def _quota_v1(folder: Path) -> list[float]:
    """From `cpu.cfs_quota_us` (-1 is none) and `cpu.cfs_period_us`."""
    quota, period = _words(folder / "cpu.cfs_quota_us"), _words(folder / "cpu.cfs_period_us")
    if len(quota) != 1 or len(period) != 1:
        return []
    return _ratio(quota[0], period[0])


def _ratio(quota: str, period: str) -> list[float]:
    try:
        share = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return []
    return [share] if share > 0 else []


def _words(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except OSError:
        return []
