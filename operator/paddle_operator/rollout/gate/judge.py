"""The canary gate: what one more look at the counts makes of a canary. Pure.

    E_abs >= m/alpha   E_rel >= m/alpha
    yes                yes                Broken: it breaks the promise and is worse than the stable revision
    yes                no                 SharedIncident, or Broken where nobody was there to share it with
    no                 yes                Regression, inside the promise
    no                 no                 NothingAgainst, or NoData where nothing came in at this look

What was found stays found without new data: evidence is remembered, and nobody has to see it twice.

Requests that are refused as the caller's mistake (4xx) count for no objective. They are compared, too, as if
they were bad: where both revisions refuse as many it is the callers, and says nothing; where the canary
refuses more it is the canary. By them none is proven, and none waits for them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from paddle_operator.rollout.gate.counts import Counts
from paddle_operator.rollout.gate.evidence import log_proof
from paddle_operator.rollout.gate.settings import REFUSED, Gate, Objective
from paddle_operator.rollout.gate.trail import Trail
from paddle_operator.rollout.verdict import Evidence, Finding, Verdict

LEAST_COMPARED = 0.25
"""Of the canary's requests, how many the stable revision must have had. Beside fewer, even a canary that
always fails is hardly found worse."""
GREATEST_LOG = 690.0
"""Evidence is written as a number below 1e300, which JSON and every reader of it can hold."""
_FROM_WORST = (
    Finding.BROKEN,
    Finding.SHARED_INCIDENT,
    Finding.REGRESSION,
    Finding.NO_DATA,
    Finding.NOTHING_AGAINST,
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Both revisions' counts of one interval for one objective; None: not known."""

    canary: Counts | None
    stable: Counts | None


UNKNOWN = Pair(None, None)


@dataclass(frozen=True, slots=True)
class Look:
    """What was counted since the last look."""

    step: int
    """The step in which it was counted, by its index from 0."""
    objectives: Mapping[str, Pair]
    """By name. One that is not here is not known. REFUSED has all requests, and which were refused."""
    alone: bool = False
    """The stable revision had no ready pod, and no share of what happened."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Everything that the gate knows of the looks before."""

    trails: Mapping[str, Trail] = field(default_factory=dict)
    """By name of the objective, or REFUSED."""


def judge(gate: Gate, memory: Memory, look: Look) -> tuple[Memory, Verdict]:
    """Return what the gate remembers after a look, and what it says; ValueError for a look that is not of
    this gate."""
    _check(gate, look)
    trails, found, passed, proven = {}, [], True, True
    for objective in gate.objectives:
        pair = look.objectives.get(objective.name, UNKNOWN)
        before = memory.trails.get(objective.name, Trail())
        trail, evidence = _judged(gate, objective, before, pair, look)
        trails[objective.name] = trail
        found.append(evidence)
        passed = passed and _passes(gate, objective, trail.of_step(look.step))
        proven = proven and evidence.proof >= gate.proven
    if REFUSED in look.objectives or REFUSED in memory.trails:
        pair, before = look.objectives.get(REFUSED, UNKNOWN), memory.trails.get(REFUSED, Trail())
        beside = replace(look, alone=False)  # what is refused with nobody there to compare with says nothing
        trails[REFUSED], evidence = _judged(gate, gate.refused, before, pair, beside)
        if evidence.canary_bad:
            found.append(replace(evidence, finding=_of_refused(gate, evidence)))
    worst = min((one.finding for one in found), key=_FROM_WORST.index)
    enough = (float(gate.against), float(gate.proven))
    return Memory(trails), Verdict(worst, passed, proven, tuple(found), *enough)


def _check(gate: Gate, look: Look) -> None:
    known = {objective.name for objective in gate.objectives}
    strangers = sorted(look.objectives.keys() - known - {REFUSED})
    if strangers:
        raise ValueError(
            f"{', '.join(strangers)}: no such objective is promised, only {', '.join(sorted(known))}"
        )
    if not 0 <= look.step < gate.steps:
        raise ValueError(f"step {look.step} is none of {gate.steps} steps, counted from 0")


def _judged(gate: Gate, objective: Objective, trail: Trail, pair: Pair, look: Look) -> tuple[Trail, Evidence]:
    known = pair.canary is not None and pair.stable is not None
    if pair.canary is not None and pair.stable is not None:
        trail = trail.after(gate, objective, look.step, pair.canary, pair.stable, alone=look.alone)
    absolute, relative = trail.log_absolute(gate, objective), trail.log_relative(gate, objective)
    compared, alone = _compared(gate, objective, trail), trail.log_alone(objective) >= gate.log_against
    against = (absolute >= gate.log_against, relative >= gate.log_against)
    asked = known and bool(pair.canary and pair.canary.requests)
    finding = _finding(*against, compared=compared, alone=alone, asked=asked)
    if finding is Finding.SHARED_INCIDENT and trail.trouble.lasts:
        trail = replace(trail, shared=True)
    judged = trail.of_step(look.step)
    return trail, Evidence(
        objective.name,
        trail.canary.requests,
        trail.canary.bad,
        trail.stable.requests,
        trail.stable.bad,
        _number(absolute),
        _number(relative),
        _number(log_proof(trail.proof, objective.limit(gate))),
        finding,
        compared=compared and not alone,
        step_requests=judged.requests,
        step_bad=judged.bad,
        excess=trail.excess,
        burn=trail.burn(objective),
    )


def _compared(gate: Gate, objective: Objective, trail: Trail) -> bool:
    """Tell whether the stable revision was asked enough to be compared with. Where it was asked next to
    nothing, every incident would look shared, and the promise alone decides."""
    asked = trail.stable.requests
    return asked >= min(gate.least_requests(objective), max(1, trail.canary.requests * LEAST_COMPARED))


def _finding(broken: bool, worse: bool, *, compared: bool, alone: bool, asked: bool) -> Finding:
    if broken and (worse or alone or not compared):
        return Finding.BROKEN
    if broken:
        return Finding.SHARED_INCIDENT
    if worse and compared:
        return Finding.REGRESSION
    return Finding.NOTHING_AGAINST if asked else Finding.NO_DATA


def _of_refused(gate: Gate, evidence: Evidence) -> Finding:
    """Leave what only a comparison tells: whoever refuses alone may be asked nothing but nonsense."""
    worse = evidence.compared and evidence.finding in {Finding.BROKEN, Finding.REGRESSION}
    return evidence.finding if worse and gate.blames_refusing else Finding.NOTHING_AGAINST


def _passes(gate: Gate, objective: Objective, judged: Counts) -> bool:
    return judged.requests >= gate.least_requests(objective) and objective.allows(judged)


def _number(log: float) -> float:
    return math.exp(min(log, GREATEST_LOG))
