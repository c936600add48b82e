"""The operator, unchanged, but its now stands still at the seconds in a file: `moved_clock.py FILE`.

Time is passed in by whoever writes the file. So a step of an hour takes no time, and what is decided depends
on nothing but the story: each run of it decides the same at the same moment, however slow the machine is.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from paddle_operator import main

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
"""Before anything was created: what is younger than now counts from now."""


def moved_by(file: Path) -> None:
    """Run the operator with its clock in other hands."""
    main._now = lambda: BEGIN + timedelta(seconds=float(file.read_text()))
    main.run()


if __name__ == "__main__":
    moved_by(Path(sys.argv[1]))
