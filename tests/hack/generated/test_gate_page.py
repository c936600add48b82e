"""The page of the canary gate tells how rollouts ended, and where others do better."""

from __future__ import annotations

from typing import Any

import pytest

from hack.generated.gate_page import better, ending, found, proof, replay, simulated


def row(**more: Any) -> dict[str, Any]:
    ends = {"promoted": 0, "rolledBack": 0, "unproven": 0, "held": 0}
    return {**ends, "rollouts": 1000, "medianMinutes": 6.0, "medianCallersHit": 8.0, **more}


def test_an_ending_says_shares_minutes_and_callers() -> None:
    assert ending(row(promoted=998, unproven=2)) == "promoted 99.8 %, unproven 0.2 %; 6 min; 8"
    assert ending(row(rolledBack=1000, medianMinutes=0.25)) == "rolled back 100 %; 0.25 min; 8"
    assert ending(row(held=1000, medianMinutes=None)) == "held 100 %; 8"


@pytest.mark.parametrize(
    ("rival", "own", "scenario", "is_better"),
    [
        (row(promoted=1000), row(promoted=980, unproven=20), "healthy", True),
        (row(promoted=1000), row(promoted=995, unproven=5), "healthy", False),
        (row(rolledBack=1000, medianCallersHit=2), row(rolledBack=1000), "bad", True),
        (row(rolledBack=1000), row(rolledBack=900, unproven=100), "bad", True),
        (row(rolledBack=1000, medianCallersHit=40), row(rolledBack=1000), "bad", False),
        (row(promoted=500, rolledBack=500, medianCallersHit=1), row(rolledBack=1000), "late", False),
    ],
)
def test_a_rule_is_better_with_more_good_promoted_or_fewer_callers_of_bad_hit(
    rival: Any, own: Any, scenario: str, is_better: bool
) -> None:
    assert better(rival, own, scenario) is is_better


def test_what_cannot_be_proven_in_time_says_so() -> None:
    (table,) = proof()
    assert "| 99.9 % | 500; 1000 | 1888; 4405 |" in table
    assert table.count("ProofNotReachable") == 1


def test_the_recorded_canary_is_rolled_back_at_its_last_line() -> None:
    assert "| 45 | Broken | RollBack |" in "".join(replay())


def test_a_rule_that_was_not_simulated_in_every_cell_has_no_column() -> None:
    cells = found()
    assert simulated(cells)[0] == "paddle-sla"
    lost = {cell: row for cell, row in cells.items() if cell != ("late", "99.9", 200, "ome")}
    assert "ome" in simulated(cells)
    assert "ome" not in simulated(lost)
