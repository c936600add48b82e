"""The bounds that the gate is held to, by a few rollouts in every run and by a thousand in the long one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

GATE = "paddle-sla"


def broken_bounds(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what does not hold. An ending for want of proof is no rollback on evidence."""
    for row in rows:
        if row["rule"] != GATE:
            continue
        where = f"{row['scenario']} at {row['targetPercent']} %, {row['requestsPerSecond']} requests a second"
        rolled_back, rollouts = row["rolledBack"], row["rollouts"]
        if row["scenario"] in {"healthy", "at-budget"} and rolled_back > rollouts / 100:
            yield f"{where}: {rolled_back} of {rollouts} were rolled back"
        if row["scenario"] == "shared" and rolled_back > rollouts / 100:
            yield f"{where}: {rolled_back} of {rollouts} were rolled back for what both did"
        if row["scenario"] in {"bad", "broken", "late"} and row["promoted"] > rollouts / 20:
            yield f"{where}: {row['promoted']} of {rollouts} were promoted"
        if row["scenario"] == "broken" and row["requestsPerSecond"] >= 20 and row["medianMinutes"] > 0.25:
            yield f"{where}: back after {row['medianMinutes']} minutes"
