"""Pictures a second, CPU and text errors of every row, interleaved in one run, on the same pictures.

    python -m benchmarks.compare --minutes 6           limits, the best row of each rival: compare_best.json
    python -m benchmarks.compare --minutes 90 --all    every row: compare.json

Each round every row takes the same pictures, in an order of rows that rotates, so that a disturbance of the
machine meets all alike; ratios are taken within a round. How many pictures a round has follows from the time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.corpus import FOLDER, STRATA, Picture, corpus, digest, interleaved
from benchmarks.rows import CPUS, Round, Row
from benchmarks.runtime_record import summary, write
from benchmarks.systems import SAMPLE, missing, systems, versions
from benchmarks.text_error import NO_ERRORS

OURS = ("pipeline", "served", "pipeline-calibrated", "served-calibrated")
LIMITS = (
    *(("pipeline", "calls"), ("served", "pipeline"), ("served", "calls")),
    *(("pipeline-calibrated", "calls-calibrated"), ("served-calibrated", "pipeline-calibrated")),
    ("served-calibrated", "served"),
)
BEST = (
    *("calls", *OURS),
    *("rapidocr-processes", "tesseract-processes", "paddlex-processes", "paddlex-served-processes"),
)
WARM_SETS = 1
ENOUGH_CPU = 0.95


def measure(names: Sequence[str], minutes: float, rounds: int) -> dict[str, Any]:
    """All rows over all rounds, within about so many minutes (starting them not counted)."""
    pictures = interleaved(corpus())
    pictures = (
        pictures[SAMPLE:] + pictures[:SAMPLE]
    )  # what the calibrated rows were calibrated with comes last
    known = systems()
    rows: list[Row] = []
    try:
        for name in names:
            rows.append(known[name](name))
            tell({"started": name})
        warm = pictures[: WARM_SETS * len(STRATA)]
        cost = sum(warmed(row, warm) for row in rows) / WARM_SETS
        sets = max(1, min(len(pictures) // len(STRATA), round(minutes * 60 / rounds / cost)))
        done: dict[str, list[Round]] = {name: [] for name in names}
        for number in range(rounds):
            chosen = chunk(pictures, number, sets)
            turn = number % len(rows)
            for row in rows[turn:] + rows[:turn]:
                done[row.name].append(row.work(chosen))
                last = done[row.name][-1]
                tell({"round": number, row.name: round(last.rate, 3), "cpu": round(last.cpu_share, 3)})
    finally:
        for row in rows:
            row.close()
    return {
        "corpus_sha256": digest(FOLDER),
        "cpus": CPUS,
        "rounds": rounds,
        "pictures_a_round": sets * len(STRATA),
        "calibrated_with": max(0, rounds * sets * len(STRATA) - (len(pictures) - SAMPLE)),
        "rows": {name: row_figures(of) for name, of in done.items()},
        "ratios": ratios(done),
    }


def warmed(row: Row, pictures: Sequence[Picture]) -> float:
    """Each row reads some pictures first, which nobody counts; the second time says what a set costs."""
    row.work(pictures)
    began = time.monotonic()
    row.work(pictures)
    return time.monotonic() - began


def chunk(pictures: Sequence[Picture], number: int, sets: int) -> list[Picture]:
    """The pictures of a round: the next ones of the corpus, from its start again when it ends."""
    size = sets * len(STRATA)
    return [pictures[(number * size + each) % len(pictures)] for each in range(size)]


def row_figures(rounds: Sequence[Round]) -> dict[str, Any]:
    """One row over its rounds. cpu_enough: whether it used nearly all of the CPUs that it was given."""
    share = summary([each.cpu_share for each in rounds])
    others = [each.others_cpu_seconds / (each.wall_seconds * CPUS) for each in rounds]
    strata = {name for each in rounds for name in each.seconds_by_stratum}
    return {
        "pictures_a_second": summary([each.rate for each in rounds]),
        "cpu_seconds_a_picture": summary([each.cpu_seconds / each.pictures for each in rounds]),
        "cpu_share": share,
        "cpu_enough": share["median"] >= ENOUGH_CPU,
        "others_cpu_share": summary(others),
        "generator_cpu_share": summary([r.generator_cpu_seconds / (r.wall_seconds * CPUS) for r in rounds]),
        "resident_mib": max(each.resident_bytes for each in rounds) / 2**20,
        "median_seconds": {
            name: statistics.median([s for each in rounds for s in each.seconds_by_stratum.get(name, ())])
            for name in sorted(strata)
        },
        "errors": errors_of(rounds),
    }


def errors_of(rounds: Sequence[Round]) -> dict[str, dict[str, float]]:
    """Error rates by stratum and over all."""
    strata = [name for name in STRATA if any(name in each.errors for each in rounds)]
    totals = {
        name: sum((each.errors[name] for each in rounds if name in each.errors), NO_ERRORS) for name in strata
    }
    if totals:
        totals["all"] = sum(totals.values(), NO_ERRORS)
    return {name: {"rate": each.rate, "loose_rate": each.loose_rate} for name, each in totals.items()}


def ratios(done: dict[str, list[Round]]) -> dict[str, dict[str, float]]:
    """Within each round: between the limits, and of the pipeline and the server to every rival."""
    rivals = [name for name in done if not name.startswith(("calls", "pipeline", "served"))]
    pairs = [*LIMITS, *((ours, rival) for rival in rivals for ours in OURS)]
    return {
        f"{above} / {below}": summary(
            [a.rate / b.rate for a, b in zip(done[above], done[below], strict=True)]
        )
        for above, below in pairs
        if above in done and below in done
    }


def tell(what: dict[str, Any]) -> None:
    print(json.dumps(what), file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=6.0, help="of measuring; starting takes some more")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--all", action="store_true", help="every row")
    parser.add_argument("--rows", nargs="*", help="these rows, in place of the best")
    asked = parser.parse_args()
    names = list(systems()) if asked.all else asked.rows or BEST
    if lacking := missing(names):
        raise SystemExit(f"first run: {'; '.join(lacking)}")
    write(
        "compare" if asked.all else "compare_best",
        measure(names, asked.minutes, asked.rounds),
        versions(names),
    )


if __name__ == "__main__":
    main()
