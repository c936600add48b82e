"""How much memory processes hold, and how much there may be."""

from __future__ import annotations

import os
import re
from pathlib import Path

from paddle_runtime.dispatch.cgroups import MEMBERSHIP, ROOT, folders, words
from paddle_runtime.dispatch.staffing import Memory

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
KIB = 1024


def resident_bytes(pid: int | None) -> float:
    """Resident memory in bytes; 0 when there is no such process."""
    if pid is None:
        return 0.0
    try:
        return float(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES)
    except (OSError, IndexError, ValueError):
        return 0.0


def private_bytes(pid: int | None) -> float:
    """What of it is its own: neither files that workers share nor memory shared with the front end."""
    return _status(pid).get("RssAnon", 0.0)


def peak_private_bytes(pid: int | None) -> float:
    """The most that was its own so far, as far as the kernel tells: its peak but for the files it maps."""
    status = _status(pid)
    return max(status.get("VmHWM", 0.0) - status.get("RssFile", 0.0) - status.get("RssShmem", 0.0), 0.0)


def mapped_file_bytes(pid: int | None) -> float:
    """Resident pages of files: libraries, which are in memory once however many processes map them."""
    return _status(pid).get("RssFile", 0.0)


def memory_limit(root: Path = ROOT, membership: Path = MEMBERSHIP) -> float | None:
    """Bytes that this process's control group may use, the least of all above it; None where none is set."""
    found: list[float] = []
    for folder in folders("memory", root, membership):
        for name in ("memory.max", "memory.limit_in_bytes"):
            said = words(folder / name)
            # version 1 says "none" as the largest number of whole pages
            if len(said) == 1 and said[0].isdigit() and int(said[0]) < 2**62:
                found.append(float(said[0]))
    return min(found, default=None)


def machine_bytes(file: Path = Path("/proc/meminfo")) -> float:
    """All memory of the machine."""
    return _kibibytes(file.read_text()).get("MemTotal", 0.0)


def memory_files_bytes(root: Path = ROOT, membership: Path = MEMBERSHIP) -> float:
    """Files in memory that are charged to this process's own group, a bundle in a tmpfs for instance."""
    # the deepest is its own; those above it count what belongs to others too
    for folder in sorted(folders("memory", root, membership), key=lambda each: len(each.parts), reverse=True):
        said = words(folder / "memory.stat")
        stat = dict(zip(said[::2], said[1::2], strict=False))
        for key in ("total_shmem", "shmem"):
            if stat.get(key, "").isdigit():
                return float(stat[key])
    return 0.0


def measure(pid: int | None, *, held_bytes: float = 0.0, request_bytes: float = 0.0) -> Memory:
    """What the first warm worker needs, and what there is (bytes).

    held_bytes: bodies in the front end at the most. request_bytes: what a request may take of a worker.
    """
    limit = memory_limit()
    machine = machine_bytes()
    files = memory_files_bytes() if limit is not None else 0.0
    base = private_bytes(os.getpid()) + mapped_file_bytes(pid) + files + held_bytes
    return Memory(
        limit=min(limit or machine, machine),
        base=base,
        worker=max(peak_private_bytes(pid), 1.0),
        request=request_bytes,
        limited=limit is not None and limit < machine,
    )


def _status(pid: int | None) -> dict[str, float]:
    try:
        return _kibibytes(Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return {}


def _kibibytes(text: str) -> dict[str, float]:
    """Lines like `VmHWM:     817152 kB`, in bytes."""
    return {
        name: float(value) * KIB for name, value in re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)
    }
