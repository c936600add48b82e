"""The operator, unchanged, but its now is moved by the seconds in a file: `moved_clock.py FILE`.

A revision that was replaced leaves after half a minute. Stories that wait for it in real time take hours.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from paddle_operator import main


def moved_by(file: Path) -> None:
    """Run the operator with its clock moved."""
    main._now = lambda: datetime.now(UTC) + timedelta(seconds=float(file.read_text()))
    main.run()


if __name__ == "__main__":
    moved_by(Path(sys.argv[1]))
