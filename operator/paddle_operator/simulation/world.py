"""What a rollout is simulated against: two revisions that fail by chance, by a scenario, at an even rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from random import Random
from types import MappingProxyType
from typing import TypeAlias

from paddle_operator.rollout.gate.counts import Counts
from paddle_operator.rollout.gate.judge import Pair
from paddle_operator.simulation.chance import binomial

Share: TypeAlias = Callable[[float, float], float]
"""The share of bad requests, from the seconds since the canary began and the budget."""
ERRORS, LATENCY = "errors", "latency"
"""Two objectives with one target. The scenario happens to the first; the second is healthy."""
_MINUTE = 60.0
HEALTHY = Fraction(2, 5)
"""Of the budget, what a healthy revision fails."""
_HEALTHY = float(HEALTHY)


def _healthy(_: float, budget: float) -> float:
    return _HEALTHY * budget


def _at_budget(_: float, budget: float) -> float:
    return budget


def _always(share: float) -> Share:
    return lambda _, __: share


def _between(begins_minutes: float, ends_minutes: float, share: float) -> Share:
    def found(seconds: float, budget: float) -> float:
        return share if begins_minutes * _MINUTE <= seconds < ends_minutes * _MINUTE else _HEALTHY * budget

    return found


@dataclass(frozen=True, slots=True)
class Scenario:
    """What becomes of the requests of both revisions."""

    meaning: str
    canary: Share
    stable: Share = _healthy


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        "healthy": Scenario("both fail 0.4 of the budget", _healthy),
        "at-budget": Scenario("both fail exactly the budget", _at_budget, _at_budget),
        "bad": Scenario("the canary fails 3 %", _always(0.03)),
        "broken": Scenario("the canary fails 30 %", _always(0.3)),
        "shared": Scenario("both fail 5 % from minute 2 to 17", _between(2, 17, 0.05), _between(2, 17, 0.05)),
        "late": Scenario("the canary fails 10 % from minute 4 on", _between(4, float("inf"), 0.1)),
    }
)


class Ending(StrEnum):
    """How a rollout ends."""

    PROMOTED = "promoted"
    ROLLED_BACK = "rolledBack"
    """On evidence, or what a rule takes for it."""
    UNPROVEN = "unproven"
    """Nothing was found against it, and too little for it."""
    HELD = "held"
    """It had not ended when the simulation did."""


@dataclass(frozen=True, slots=True)
class End:
    """One rollout's end."""

    ending: Ending
    minutes: float
    callers_hit: int
    """Requests that the canary failed."""


@dataclass(slots=True)
class World:
    """One rollout's time, and what comes to pass in it."""

    scenario: Scenario
    requests_per_second: int
    budget: Fraction
    random: Random
    seconds: float = 0.0
    callers_hit: int = field(default=0)

    def pass_time(self, seconds: int, weight: int) -> dict[str, Pair]:
        """Let some seconds pass with a percentage of the requests at the canary; return what was counted."""
        whole, budget = self.requests_per_second * seconds, float(self.budget)
        asked = binomial(self.random, whole, weight / 100)
        canary, stable = self.scenario.canary, self.scenario.stable
        errors = self._pair(asked, whole - asked, canary(self.seconds, budget), stable(self.seconds, budget))
        latency = self._pair(asked, whole - asked, _HEALTHY * budget, _HEALTHY * budget)
        self.seconds += seconds
        self.callers_hit += errors.canary.bad if errors.canary else 0
        return {ERRORS: errors, LATENCY: latency}

    @property
    def stable_share(self) -> Fraction:
        """The share of bad requests before the rollout, as it would be known."""
        return Fraction(str(self.scenario.stable(0.0, float(self.budget)))).limit_denominator(10**6)

    def end(self, ending: Ending) -> End:
        """Return what has become of this rollout."""
        return End(ending, self.seconds / _MINUTE, self.callers_hit)

    def _pair(self, canary: int, stable: int, canary_share: float, stable_share: float) -> Pair:
        return Pair(
            Counts(canary, binomial(self.random, canary, canary_share)),
            Counts(stable, binomial(self.random, stable, stable_share)),
        )
