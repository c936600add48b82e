"""Where a limit of this process may be written: the folders of its control groups, version 1 and 2."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def folders(controller: str, root: Path = ROOT, membership: Path = MEMBERSHIP) -> Iterator[Path]:
    """Every folder above this process, of both versions; most of them do not exist.

    In a container the group's own files lie at the root of the mount; on a bare machine they lie under the
    path that `membership` names. Both are looked at, since either may be what is mounted.
    """
    mounts = [root, root / controller, *([root / "cpu,cpuacct"] if controller == "cpu" else [])]
    text = membership.read_text() if membership.exists() else ""
    for group in _groups(text, controller):
        for folder in (group, *group.parents):
            for mount in mounts:
                yield mount / str(folder).lstrip("/")


def words(file: Path) -> list[str]:
    """What the file says; nothing where there is none."""
    try:
        return file.read_text().split()
    except OSError:
        return []


def _groups(text: str, controller: str) -> list[PurePosixPath]:
    """Paths of the process's groups that can set a limit: lines like `0::/a/b` and `4:cpu,cpuacct:/a`."""
    groups = [PurePosixPath("/")]
    for line in text.splitlines():
        parts = line.split(":", 2)
        if len(parts) == 3 and (not parts[1] or controller in parts[1].split(",")) and ".." not in parts[2]:
            groups.append(PurePosixPath(parts[2]))
    return groups
