"""Many rollouts of each cell, a cell being a scenario, a target, a rate and a rule, as rows of one table."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from random import Random
from types import MappingProxyType
from typing import Any, TypeAlias

from paddle_operator.simulation import ome, own
from paddle_operator.simulation.argo import FASTEST, Argo
from paddle_operator.simulation.flagger import Flagger
from paddle_operator.simulation.world import SCENARIOS, End, Ending, World

Rule: TypeAlias = Callable[[World], End]
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "paddle-sla": own.rollout,
        "flagger": Flagger(),
        "flagger-10s": Flagger(interval_seconds=10, threshold=1),
        "argo": Argo(),
        "argo-5s": FASTEST,
        "ome": ome.rollout,
    }
)
TARGETS = ("99", "99.5", "99.9")
RATES = (2, 20, 200)


@dataclass(frozen=True, slots=True)
class Cell:
    """What is simulated many times."""

    scenario: str
    target_percent: str
    requests_per_second: int
    rule: str

    def ends(self, rollouts: int, seed: int) -> Iterator[End]:
        """Yield the end of each rollout. Its chances come from the seed, the cell and its number alone, and
        are the same whatever else is simulated."""
        budget = 1 - Fraction(self.target_percent) / 100
        for number in range(rollouts):
            text = f"{seed}/{self.scenario}/{self.target_percent}/{self.requests_per_second}/{number}"
            world = World(SCENARIOS[self.scenario], self.requests_per_second, budget, Random(text))  # noqa: S311
            yield RULES[self.rule](world)


def cells(
    scenarios: Iterable[str], targets: Iterable[str], rates: Iterable[int], rules: Iterable[str]
) -> list[Cell]:
    """Return every combination, in order."""
    return [Cell(*each) for each in product(scenarios, targets, rates, rules)]


def row(cell: Cell, rollouts: int, seed: int) -> dict[str, Any]:
    """Simulate a cell and count how it ends. The median of minutes is None where nothing ended."""
    ends = list(cell.ends(rollouts, seed))
    number = Counter(end.ending for end in ends)
    minutes = [end.minutes for end in ends if end.ending is not Ending.HELD]
    return {
        "scenario": cell.scenario,
        "targetPercent": cell.target_percent,
        "requestsPerSecond": cell.requests_per_second,
        "rule": cell.rule,
        "rollouts": rollouts,
        **{ending.value: number[ending] for ending in Ending},
        "medianMinutes": statistics.median(minutes) if minutes else None,
        "medianCallersHit": statistics.median(end.callers_hit for end in ends),
    }


def text_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write rows as a table for people."""
    head = list(rows[0])
    lines = [head, *([_figure(one[name]) for name in head] for one in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n"
        for line in lines
    )


def _figure(value: object) -> str:
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
