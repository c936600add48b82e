"""How much memory a process holds now."""

from __future__ import annotations

import os
from pathlib import Path

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def resident_bytes(pid: int | None) -> float:
    """Resident memory in bytes; 0 when there is no such process."""
    if pid is None:
        return 0.0
    try:
        return float(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES)
    except (OSError, IndexError, ValueError):
        return 0.0
