"""How many CPUs this process may use: its affinity and its control group's quota, version 1 or 2."""

from __future__ import annotations

import os
from pathlib import Path

from paddle_runtime.dispatch.cgroups import MEMBERSHIP, ROOT, folders, words


def cpu_limit(root: Path = ROOT, membership: Path = MEMBERSHIP, cpus: int | None = None) -> float:
    """CPUs that this process may use: the least of its affinity and every quota above it."""
    limits = [float(cpus if cpus is not None else len(os.sched_getaffinity(0)))]
    for folder in folders("cpu", root, membership):
        limits += _quota_v2(folder)
        limits += _quota_v1(folder)
    return min(limits)


def _quota_v2(folder: Path) -> list[float]:
    """From `cpu.max`: "max 100000" or "150000 100000" (microseconds)."""
    found = words(folder / "cpu.max")
    if len(found) != 2 or found[0] == "max":
        return []
    return _ratio(found[0], found[1])


def _quota_v1(folder: Path) -> list[float]:
    """From `cpu.cfs_quota_us` (-1 is none) and `cpu.cfs_period_us`."""
    quota, period = words(folder / "cpu.cfs_quota_us"), words(folder / "cpu.cfs_period_us")
    if len(quota) != 1 or len(period) != 1:
        return []
    return _ratio(quota[0], period[0])


def _ratio(quota: str, period: str) -> list[float]:
    try:
        share = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return []
    return [share] if share > 0 else []
