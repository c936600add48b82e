"""The bounds that the gate is held to, by a few rollouts in every run and by a thousand in the long one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

GATE = "paddle-sla"
SHARED_OF_A_CELL, SHARED_OF_ALL = Fraction(2, 1000), Fraction(5, 9000)
"""Of rollouts in an incident that both share, how many may be rolled back: 2 of 9,000 were, both in cells of
their own."""


def broken_bounds(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what does not hold. An ending for want of proof is no rollback on evidence."""
    own = [row for row in rows if row["rule"] == GATE]
    yield from _of_shared([row for row in own if row["scenario"] == "shared"])
    for row in own:
        where = f"{row['scenario']} at {row['targetPercent']} %, {row['requestsPerSecond']} requests a second"
        rolled_back, rollouts = row["rolledBack"], row["rollouts"]
        if row["scenario"] in {"healthy", "at-budget"} and rolled_back > rollouts / 100:
            yield f"{where}: {rolled_back} of {rollouts} were rolled back"
        if row["scenario"] == "shared" and rolled_back > rollouts * SHARED_OF_A_CELL:
            yield f"{where}: {rolled_back} of {rollouts} were rolled back for what both did"
        if row["scenario"] in {"bad", "broken", "late"} and row["promoted"] > rollouts / 20:
            yield f"{where}: {row['promoted']} of {rollouts} were promoted"
        if row["scenario"] == "broken" and row["requestsPerSecond"] >= 20 and row["medianMinutes"] > 0.25:
            yield f"{where}: back after {row['medianMinutes']} minutes"


def _of_shared(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Hold all cells together to less than each by itself; a few cells, to what one of them may have."""
    if not rows:
        return
    rolled_back, rollouts = (sum(row[what] for row in rows) for what in ("rolledBack", "rollouts"))
    of_a_cell = max(row["rollouts"] for row in rows) * SHARED_OF_A_CELL
    if rolled_back > max(of_a_cell, rollouts * SHARED_OF_ALL) and len(rows) > 1:
        yield f"shared: {rolled_back} of {rollouts} in all were rolled back for what both did"
