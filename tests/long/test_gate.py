"""A thousand rollouts of every cell. The table is benchmarks/results/gate.json, as far as its bounds hold."""

from __future__ import annotations

import pytest

from benchmarks.gate_record import ROLLOUTS, SEED, write
from paddle_operator.simulation.table import RATES, RULES, TARGETS, cells, row
from paddle_operator.simulation.world import SCENARIOS
from tests.operator.simulation.bounds import broken_bounds

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_bounds_of_the_canary_gate_hold_over_a_thousand_rollouts_each(scenario: str) -> None:
    """`make generate` writes what was found into docs/reference/gate.md. The same seed finds the same."""
    rows = [row(cell, ROLLOUTS, SEED) for cell in cells([scenario], TARGETS, RATES, RULES)]
    assert list(broken_bounds(rows)) == []
    write(scenario, rows, SEED)
