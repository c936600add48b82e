"""benchmarks/results/gate.json: how simulated rollouts ended, each part with its commit and machine.

    python -m benchmarks.gate_record --rule argo --rule argo-5s    these alone, a minute; the others stay

`make test-long` writes all of it, a scenario at a time, as far as the bounds hold (tests/long/test_gate.py).
The same seed finds the same on every machine, while the gate, rollouts and scenarios are as they were.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.runtime_record import COMMIT, ROOT, finished, machine
from paddle_operator.simulation.table import RATES, RULES, TARGETS, cells, row
from paddle_operator.simulation.world import SCENARIOS

RESULT = ROOT / "benchmarks" / "results" / "gate.json"
ROLLOUTS, SEED = 1000, 1


def write(scenario: str, rows: Sequence[Mapping[str, Any]], seed: int, result: Path = RESULT) -> None:
    """Put a scenario's rows in the place of those of the same rules that were there; all others stay."""
    before = json.loads(result.read_text(encoding="utf-8")) if result.exists() else {}
    rules = {one["rule"] for one in rows}
    others = [
        one for one in before.get("cells", ()) if one["scenario"] != scenario or one["rule"] not in rules
    ]
    made = {rule: dict(of) for rule, of in before.get("made", {}).items()}
    for rule in rules:
        now = {"commit": COMMIT, "finished": finished(), "machine": machine()}
        made.setdefault(rule, {})[scenario] = now
    ordered = {
        rule: {one: made[rule][one] for one in SCENARIOS if one in made[rule]}
        for rule in RULES
        if rule in made
    }
    said = {"seed": seed, "made": ordered, "cells": sorted([*others, *rows], key=_place)}
    result.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


def _place(row: Mapping[str, Any]) -> tuple[int, ...]:
    return (
        list(SCENARIOS).index(row["scenario"]),
        TARGETS.index(row["targetPercent"]),
        RATES.index(row["requestsPerSecond"]),
        list(RULES).index(row["rule"]),
    )


def main() -> None:
    """Simulate some rules; this gate's is not among them, since it has bounds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    rivals = [rule for rule in RULES if rule != "paddle-sla"]
    parser.add_argument("--rule", action="append", required=True, choices=rivals)
    rules = parser.parse_args().rule
    for scenario in SCENARIOS:
        write(scenario, [row(one, ROLLOUTS, SEED) for one in cells([scenario], TARGETS, RATES, rules)], SEED)


if __name__ == "__main__":
    main()
