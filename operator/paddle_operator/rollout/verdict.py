"""What the gate says of a canary: the words that the rollout's table of transitions is driven by."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class Finding(StrEnum):
    """One row of the gate's table, or that there was nothing to judge by."""

    BROKEN = "Broken"
    """It breaks the promise, or would if what it refuses were bad, and is worse than the stable revision."""
    SHARED_INCIDENT = "SharedIncident"
    """It breaks the promise, and is no worse than the stable revision."""
    REGRESSION = "Regression"
    """It is worse than the stable revision, inside the promise."""
    NOTHING_AGAINST = "NothingAgainst"
    NO_DATA = "NoData"
    """Nobody answered, or nothing was asked of the canary: no evidence either way, and the clock stops."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one objective's counts come to. The three figures are e-values: 1 says nothing."""

    objective: str
    """Its name; of refused requests gate.settings.REFUSED."""
    canary_requests: int
    canary_bad: int
    stable_requests: int
    stable_bad: int
    absolute: float
    """Against "the canary keeps the promise"."""
    relative: float
    """Against "the canary is no worse than the stable revision". In an incident of both less counts."""
    proof: float
    """Against "the canary spends toleranceFactor times the budget, or more"."""
    finding: Finding
    compared: bool = True
    """False where the stable revision was asked too little to compare with, or was not there while the canary
    broke the promise: then `absolute` alone decides."""
    step_requests: int = 0
    """What the step passes on: the canary's requests in it, without those of an incident that both shared."""
    step_bad: int = 0
    excess: float = 0.0
    """How many more requests were bad than if the stable revision had had them; below 0: fewer."""
    burn: float = 0.0
    """How many times its budget the canary spends now: of its requests since the evidence was begun anew."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What all objectives together say at one look."""

    finding: Finding
    """The worst of any objective."""
    step_passes: bool
    """Enough requests in this step, and of every objective no more bad ones than its budget lets be bad."""
    proven: bool
    """Every objective is proven within toleranceFactor times its budget."""
    objectives: tuple[Evidence, ...] = ()
    enough_against: float = math.inf
    """`absolute` and `relative` speak against the canary from here on."""
    enough_proof: float = math.inf
    """`proof` proves it from here on."""
