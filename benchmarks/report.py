"""Everything that is measured of the runtime, in one run of a given length; then docs/benchmarks.md.

    python -m benchmarks.report --minutes 8               make bench: limits, best rivals, loads, memory
    python -m benchmarks.report --minutes 180 --all       every row, half an hour of memory

A third of the time goes to the comparison, a third to loads, a third to memory; starting rows takes more.
The instruments can be run one by one: benchmarks.compare, benchmarks.overload, benchmarks.endurance.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from benchmarks import compare, endurance, overload
from benchmarks.corpus import corpus
from benchmarks.runtime_record import ROOT, write
from benchmarks.systems import missing, systems, versions

LOADS = len(overload.CALLERS) + len(overload.FACTORS)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--all", action="store_true", help="every row of the comparison")
    asked = parser.parse_args()
    names = list(systems()) if asked.all else list(compare.BEST)
    if lacking := missing(names):
        raise SystemExit(f"first run: {'; '.join(lacking)}")
    corpus()
    share = asked.minutes / 3
    write(
        "compare" if asked.all else "compare_best",
        compare.measure(names, share, asked.rounds),
        versions(names),
    )
    write("overload", overload.measure(60 * share / LOADS, overload.DEADLINE_MS))
    write("endurance", endurance.measure(share))
    subprocess.run([sys.executable, "-m", "hack.generate"], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
