"""The server under load: 1, 4, 16 and 64 callers, then 0.3 to 3 times what it can do, with a deadline.

    python -m benchmarks.overload --seconds 10          3 minutes, a look
    python -m benchmarks.overload --seconds 90          half an hour, for figures that are published

A row in which clients = latency x throughput does not hold within 3 % is marked invalid: it was too short, or
the machine was not its own. Closed loops send no deadline, so that nothing is refused but what the queue has
no place for; open loops send one, and goodput is right answers inside it.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from benchmarks.load_figures import LITTLE_TOLERANCE
from benchmarks.rows import CALLERS_PER_CPU, CPUS, Meter, generate
from benchmarks.runtime_record import Served, write

CALLERS = (1, 4, 16, 64)
FACTORS = (0.3, 0.6, 0.9, 1.2, 2.0, 3.0)
DEADLINE_MS = 4000
KEPT = 0.95


def measure(seconds: float, deadline_ms: int) -> dict[str, Any]:
    """All rows, one after the other, on one server."""
    with Served(CPUS) as server:
        server.wait_all_warm()
        port, pid = server.port(), server.process.pid
        row(port, pid, {"callers": CALLERS_PER_CPU * CPUS, "seconds": min(seconds, 10.0)})
        closed = {str(n): row(port, pid, {"callers": n, "seconds": seconds}) for n in CALLERS}
        capacity = max(each["steady"]["answered_a_second"] for each in closed.values())
        opened = {
            str(factor): row(
                port, pid, {"rate": factor * capacity, "seconds": seconds, "deadline_ms": deadline_ms}
            )
            for factor in FACTORS
        }
    return {
        "seconds_each": seconds,
        "deadline_ms": deadline_ms,
        "little_tolerance": LITTLE_TOLERANCE,
        "capacity_a_second": capacity,
        "closed": closed,
        "open": opened,
        "overload": overload(opened),
    }


def row(port: int, pid: int, plan: dict[str, Any]) -> dict[str, Any]:
    """One load, and what it took of the machine."""
    meter = Meter([pid])
    found = generate({"ports": [port], **plan})
    wall, cpu, others = meter.passed()
    share = {"cpu_share": cpu / (wall * CPUS), "others_cpu_share": others / (wall * CPUS)}
    told = {name: found[name] for name in ("outcomes", "answered_a_second")}
    print(json.dumps({**plan, **told}), file=sys.stderr, flush=True)
    return {**share, **{name: value for name, value in found.items() if name != "error_counts"}}


def overload(opened: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Goodput at the heaviest load beside its best."""
    good = {factor: each["good_a_second"] for factor, each in opened.items()}
    heaviest = opened[str(FACTORS[-1])]
    return {
        "good_a_second": good,
        "kept_of_peak": kept(opened, "good_a_second"),
        "kept_of_peak_in_characters": kept(opened, "good_characters_a_second"),
        "kept_enough": kept(opened, "good_a_second") >= KEPT,
        "p95_of_accepted_inside_deadline": heaviest["p95_of_accepted_inside_deadline"],
        "every_request_answered_or_refused": heaviest["every_request_answered_or_refused"],
    }


def kept(opened: dict[str, dict[str, Any]], figure: str) -> float:
    """A figure at the heaviest load, as a share of its best."""
    best = max(each[figure] for each in opened.values())
    return float(opened[str(FACTORS[-1])][figure] / best) if best else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=30.0, help="of each of the ten rows")
    parser.add_argument("--deadline-ms", type=int, default=DEADLINE_MS)
    asked = parser.parse_args()
    write("overload", measure(asked.seconds, asked.deadline_ms))


if __name__ == "__main__":
    main()
