"""The cgroup of a cluster in every hierarchy: made before kubelet starts, removed after it, depth first."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from hack.cluster.constants import CGROUP_PREFIX, cgroup_of
from hack.cluster.errors import ClusterError

_ROOT = Path("/sys/fs/cgroup")
_UNIFIED_CONTROLLERS = ("cpuset", "cpu", "io", "memory", "hugetlb", "pids")


def is_unified(root: Path = _ROOT) -> bool:
    """Whether the machine has cgroup v2 alone (true) or v1 or a hybrid of both."""
    return (root / "cgroup.controllers").exists()


def hierarchies(root: Path = _ROOT) -> tuple[Path, ...]:
    """The top folder of each hierarchy; links such as cpu,cpuacct are the same hierarchy and left out."""
    if is_unified(root):
        return (root,)
    return tuple(sorted(entry for entry in root.iterdir() if entry.is_dir() and not entry.is_symlink()))


def create(name: str, root: Path = _ROOT) -> None:
    """Make the cgroup that kubelet is told to use; it refuses to start when it is not there."""
    for hierarchy in hierarchies(root):
        ours = hierarchy / cgroup_of(name)
        if is_unified(root):
            _delegate(hierarchy)
            ours.mkdir(exist_ok=True)
            _delegate(ours)
            continue
        ours.mkdir(exist_ok=True)
        for setting in ("cpuset.cpus", "cpuset.mems"):
            if (ours / setting).exists():
                (ours / setting).write_text((hierarchy / setting).read_text())


def _delegate(folder: Path) -> None:
    """Let children of a v2 cgroup use every controller that the machine offers."""
    offered = set((folder / "cgroup.controllers").read_text().split())
    for controller in _UNIFIED_CONTROLLERS:
        if controller in offered:
            try:
                (folder / "cgroup.subtree_control").write_text(f"+{controller}")
            except OSError as refused:
                raise ClusterError(
                    f"cgroup {folder} does not let its children use {controller} ({refused}): inside a "
                    "container, start it with its own delegated cgroup, or use a machine or a kind cluster"
                ) from refused


def remaining(name: str | None = None, root: Path = _ROOT) -> list[Path]:
    """Top folders of cgroups of ours that exist, for one cluster or for all."""
    wanted = f"{CGROUP_PREFIX}*" if name is None else cgroup_of(name)
    return [found for hierarchy in hierarchies(root) for found in sorted(hierarchy.glob(wanted))]


def _depth_first(top: Path) -> Iterator[Path]:
    for folder, _children, _files in os.walk(top, topdown=False):
        yield Path(folder)


def remove(name: str, *, timeout: float = 15.0) -> list[Path]:
    """Remove the cluster's cgroups, again while the kernel says busy; returns what is still there."""
    deadline = time.monotonic() + timeout
    while tops := remaining(name):
        for folder in (folder for top in tops for folder in _depth_first(top)):
            try:
                folder.rmdir()
            except OSError:
                continue  # a process of it is still ending; the next round tries again
        if time.monotonic() > deadline:
            return remaining(name)
        if remaining(name):
            time.sleep(0.05)
    return []
