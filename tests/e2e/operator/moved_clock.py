"""The operator, unchanged, but its now stands still at the seconds in a file: `moved_clock.py FILE`.

Time is passed in by whoever writes the file. So a step of an hour takes no time, and what is decided depends
on nothing but the story: each run of it decides the same at the same moment, however slow the machine is.
Services are as old as that clock, and figures are of the moment: those that change no verdict would stay for
minutes, or until the process ends that has shown them.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from paddle_operator import main, measure

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def moved_by(file: Path) -> None:
    """Run the operator with its clock in other hands."""
    main._now = lambda: BEGIN + timedelta(seconds=float(file.read_text()))
    measure._created = lambda seen: BEGIN
    measure.FIGURES_STAY = timedelta()
    main.run()


if __name__ == "__main__":
    moved_by(Path(sys.argv[1]))
