"""The article's setting, simulated: ten pods, three months, a holiday with three times the load, lost nodes.

    python -m benchmarks.article                    two minutes; writes benchmarks/results/article.json
    python -m benchmarks.article --hour-requests 1000 --seed other

Service times and starts are what other results in benchmarks/results/ measured; what nobody measured
is in setting.py, and all of it stands in the result. Each mechanism is switched off in turn, under the same
requests and the same faults.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from benchmarks.article.figures import burst_figures, quarter_figures, timeline
from benchmarks.article.measured import Machine, Starts, accelerator, processor, starts
from benchmarks.article.quarter import Plan, quarter
from benchmarks.article.setting import (
    PUBLISHED,
    SIMPLIFIED,
    VARIANTS,
    Assumptions,
    load_shape,
    taken_from_the_code,
    world,
)
from benchmarks.article.validation import against_overload
from benchmarks.runtime_record import write


def measure(assumptions: Assumptions, seed: str, hour_requests: int) -> dict[str, Any]:
    """All machines and variants."""
    times = starts(assumptions.fresh_pod)
    everything = VARIANTS["everything"]
    small = processor()
    return {
        "published": PUBLISHED,
        "seed": seed,
        "hour_requests": hour_requests,
        "assumptions": list(assumptions.stated()),
        "simplified": SIMPLIFIED,
        "starts": {"worker": times.worker, "restart": times.restart, "fresh_pod": times.fresh_pod},
        "sources": times.sources,
        "taken_from_the_code": taken_from_the_code(world(small, times, assumptions, everything)),
        "machines": {
            machine.name: of_machine(machine, times, assumptions, seed, hour_requests)
            for machine in (accelerator(), small)
        },
        "validation": against_overload(small, world(small, times, assumptions, everything)),
    }


def of_machine(
    machine: Machine, times: Starts, assumptions: Assumptions, seed: str, hour_requests: int
) -> dict[str, Any]:
    """One kind of pod: its variants, and the burst of the first."""
    plan = Plan(load_shape(machine, assumptions), assumptions, seed, hour_requests)
    variants, bursts = {}, {}
    line: dict[str, Any] = {}
    faults: dict[str, int] = {}
    for name, on in VARIANTS.items():
        began = time.monotonic()
        done = quarter(world(machine, times, assumptions, on), plan)
        variants[name] = quarter_figures(done, machine.threshold_ms)
        bursts[name] = burst_figures(done.burst, plan.shape.holiday_begin)
        line = line or timeline(done.burst, plan.shape.holiday_begin)
        faults = done.faults
        print(f"{machine.name}, {name}: {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
    return {
        "words": machine.words,
        "sources": machine.sources,
        "workers": machine.workers,
        "capacity_a_second": machine.capacity,
        "service_mean_ms": 1000 * machine.service.mean,
        "service_p95_ms": 1000 * machine.service.at(0.95),
        "crowded": machine.crowded,
        "threshold_ms": machine.threshold_ms,
        "peak_a_second": plan.shape.peak,
        "faults": faults,
        "variants": variants,
        "bursts": bursts,
        "burst_timeline": line,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", default="20261126")
    parser.add_argument(
        "--hour-requests", type=int, default=4000, help="as how many an hour at rest is simulated"
    )
    asked = parser.parse_args()
    write("article", measure(Assumptions(), asked.seed, asked.hour_requests))


if __name__ == "__main__":
    main()
