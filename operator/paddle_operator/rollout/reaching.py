"""Whether a canary can be proven in time by the requests that come now, and how long that takes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from paddle_operator.rollout.gate.judge import Memory as Known
from paddle_operator.rollout.gate.proof import Done, Reach, least_first_weight, reach, wanted
from paddle_operator.rollout.gate.settings import Gate
from paddle_operator.rollout.gate.trail import Trail
from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Memory
from paddle_operator.rollout.situation import Situation
from paddle_operator.sla.answer import Value
from paddle_operator.sla.measured import Figure
from paddle_operator.sla.outcomes import target_share
from paddle_operator.spec.rollout import Rollout, Strategy


@dataclass(frozen=True, slots=True)
class Traffic:
    """What callers send to the service now, and what becomes of it."""

    requests_per_second: Fraction
    bad_shares: Mapping[str, Fraction]
    """By objective."""


def begins(memory: Memory, revision: str | None) -> bool:
    """Tell whether a wanted revision has not begun yet, and would."""
    attempt = memory.attempt
    if revision is None or revision == memory.stable:
        return False
    return attempt is None or attempt.canary != revision or memory.state is State.BLOCKED


def in_steps(memory: Memory, revision: str | None, rollout: Rollout) -> bool:
    """Tell whether a proof is worked for step by step. One that has begun keeps the strategy of then."""
    attempt = None if begins(memory, revision) else memory.attempt
    return (attempt.strategy if attempt is not None else rollout.strategy) is Strategy.CANARY


def to_begin(gate: Gate, rollout: Rollout, traffic: Traffic, memory: Memory, situation: Situation) -> Reach:
    """Return the steps for a canary that has not begun, the first weight raised where it has to be."""
    takes = wanted(gate, traffic.bad_shares)
    comes_to = partial(situation.comes_to, stable=memory.stable)
    return least_first_weight(takes, rollout.steps, traffic.requests_per_second, comes_to)


def to_go(
    gate: Gate,
    rollout: Rollout,
    traffic: Traffic,
    memory: Memory,
    situation: Situation,
    *,
    known: Known,
) -> Reach | None:
    """Return what is left for a canary in its steps; None without one."""
    attempt = memory.attempt
    if attempt is None:
        return None
    step = min(attempt.step, len(rollout.steps) - 1)
    trails = {one.name: known.trails.get(one.name, Trail()) for one in gate.objectives}
    done = Done(
        step,
        attempt.running_seconds,
        min(trail.of_step(step).requests for trail in trails.values()),
        {name: trail.proof for name, trail in trails.items()},
    )
    least = max(attempt.raised, attempt.weight)
    takes = wanted(gate, traffic.bad_shares, done)
    comes_to = partial(situation.comes_to, stable=memory.stable)
    return reach(takes, rollout.steps, traffic.requests_per_second, least, done, comes_to=comes_to)


def bad_shares(figures: Iterable[Figure]) -> dict[str, Fraction]:
    """Return the share of requests that fail now, by objective: of the last hour, or else of the window.

    Where more fails than the promise allows, nothing is said of a canary, which may be the repair.
    """
    found = {}
    for one in figures:
        budget = 1 - target_share(one.objective)
        if one.burn_rate is not None:
            share = one.burn_rate * budget
        elif isinstance(one.budget, Value):
            share = 1 - one.budget.value.attained
        else:
            continue
        if share <= budget:
            found[one.objective.name] = share
    return found
