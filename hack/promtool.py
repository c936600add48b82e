"""promtool, which judges rules: that of Debian's Prometheus, which the embedded cluster runs too.

`python -m hack.promtool` installs the package where it is missing; a promtool that is there already is taken.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from hack.cluster import packages
from hack.cluster.errors import ClusterError
from hack.cluster.progress import Progress

PACKAGE = "prometheus"


def program() -> Path | None:
    """Return where promtool lies; None where it is not installed."""
    found = shutil.which("promtool")
    return Path(found) if found else None


def main() -> int:
    """Install what is missing; an error of ours is one line."""
    if program() is None:
        try:
            packages.ensure((PACKAGE,), Progress())
        except ClusterError as failure:
            print(f"error: promtool is needed: {failure}", file=sys.stderr)
            return 1
    print(f"promtool is {program()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
