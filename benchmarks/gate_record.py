"""benchmarks/results/gate.json: how simulated rollouts ended, each scenario with its commit and machine.

`make test-long` writes it, a scenario at a time (tests/long/test_gate.py); the same seed finds the same on
every machine, for as long as the gate, the rollouts and the scenarios are as they were.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.runtime_record import COMMIT, ROOT, finished, machine
from paddle_operator.simulation.world import SCENARIOS

RESULT = ROOT / "benchmarks" / "results" / "gate.json"


def write(scenario: str, rows: Sequence[Mapping[str, Any]], seed: int, result: Path = RESULT) -> None:
    """Put a scenario's rows in the place of those that were there; the other scenarios' stay."""
    before = json.loads(result.read_text(encoding="utf-8")) if result.exists() else {}
    others = [one for one in before.get("cells", ()) if one["scenario"] != scenario]
    order = list(SCENARIOS)
    cells = sorted([*others, *rows], key=lambda one: order.index(one["scenario"]))
    made = {"commit": COMMIT, "finished": finished(), "machine": machine()}
    of_each = {**before.get("made", {}), scenario: made}
    said = {"seed": seed, "made": {one: of_each[one] for one in order if one in of_each}, "cells": cells}
    result.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
