"""What is said of a rollout: to whom it may concern, in Events, logs and the status. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from paddle_operator.rollout.gate.proof import Reach
from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Attempt, Cause, Hold, Memory
from paddle_operator.rollout.moves import Move, View
from paddle_operator.rollout.weighing import course_of, share, share_by_pods
from paddle_operator.sla.figures import duration_text, number_text
from paddle_operator.spec.rollout import Strategy

PASSED_THROUGH = frozenset({State.BLOCKED, State.PREPARING, State.PREFLIGHT})
"""Of these nothing is said where they are left at the same look; why one is Blocked is said by its hold."""


@dataclass(frozen=True, slots=True)
class Saying:
    """One thing that happened."""

    reason: str
    """The hold, or the cause of a rejection, or else the state."""
    message: str
    revision: str
    """Whom it is about."""
    state: str
    """Where the rollout is since then."""
    weight: int = 0
    warns: bool = False


def said_of(memory: Memory, move: Move, before: Memory, view: View) -> Saying:
    """Say what an event has led to."""
    subject = memory.attempt or before.attempt
    revision = subject.canary if subject is not None else memory.stable or ""
    words = _words(memory, revision, view)
    return Saying(
        reason=move.reason or memory.state.value,
        message=f"{words}: {move.told}" if move.told else words,
        revision=revision,
        state=memory.state.value,
        weight=memory.attempt.weight if memory.attempt else 0,
        warns=move.reason in {*Cause, *Hold} or memory.state is State.HELD,
    )


def waiting(memory: Memory, view: View) -> Saying | None:
    """Say what a rollout waits for; None where it goes on."""
    if memory.hold is None or memory.attempt is None:
        return None
    attempt = memory.attempt
    return Saying(
        memory.hold.value,
        f"{attempt.canary}: {_why(memory.hold, attempt, view)}",
        attempt.canary,
        memory.state.value,
        attempt.weight,
        True,
    )


def _words(memory: Memory, revision: str, view: View) -> str:
    attempt = memory.attempt
    match memory.state:
        case State.PREPARING if attempt is not None:
            return f"{revision}: {_coming(memory, attempt, view)}"
        case State.STEP if attempt is not None:
            return f"{revision} takes {_taken(memory, attempt, view)}"
        case State.AWAITING_APPROVAL if attempt is not None:
            return f"{revision} waits for a person's approve/{revision}/NONCE after {_step(attempt, view)}"
        case State.BAKING:
            return f"{memory.stable} takes all requests; {memory.previous or 'none'} stays warm"
        case State.STEADY | State.ROLLED_BACK | State.UNPROVEN | State.ABORTED:
            return f"{memory.stable} takes all requests"
        case _:
            return f"{revision}: {memory.state.meaning[0].lower()}{memory.state.meaning[1:].rstrip('.')}"


def _coming(memory: Memory, attempt: Attempt, view: View) -> str:
    """What the pods that come up are for."""
    if attempt.full:
        return "its pods come up in the room of those that are ended for them"
    if attempt.strategy is not Strategy.CANARY:
        return "pods for all requests come up"
    part, situation = share(view.rollout, attempt), view.situation
    if situation.by_pods:
        part = share_by_pods(situation.pods_for(part), situation.has(memory.stable))
    return f"pods for {part} % of the requests come up"


def _taken(memory: Memory, attempt: Attempt, view: View) -> str:
    """The share in effect and, where that is another one than the step's, why."""
    situation, asked = view.situation, attempt.weight
    canary, stable = situation.has(attempt.canary), situation.has(memory.stable)
    if situation.by_pods:
        taken, why = share_by_pods(canary, stable), f"requests go to {canary + stable} pods alike"
    else:
        taken = course_of(memory, view.rollout, situation).canary_weight
        why = f"{memory.stable} cannot carry the rest" if taken > asked else "its pods cannot carry more"
    told = f"{taken} % of the requests, {_step(attempt, view)}"
    return told if taken == asked else f"{told}, which asks for {asked} %: {why}"


def _step(attempt: Attempt, view: View) -> str:
    steps = len(view.rollout.steps)
    return f"step {min(attempt.step + 1, steps)} of {steps}"


def _why(hold: Hold, attempt: Attempt, view: View) -> str:
    situation, policy = view.situation, view.rollout.budget_policy
    left = f"{float(situation.budget_left_percent or 0):.1f} % of the budget is left"
    match hold:
        case Hold.BUDGET_BLOCKED:
            repair = "set spec.rollout.budgetPolicy.override to Repair if this one is the repair"
            return f"{left}, less than {policy.block_below_percent} %: no rollout begins; {repair}"
        case Hold.NEEDS_APPROVAL:
            return f"{left}, less than {policy.manual_below_percent} %: a person must approve"
        case Hold.NO_CAPACITY:
            few = f"the cluster has room for {situation.hostable} of the pods that are needed next"
            return situation.hosting.told if situation.hosting is not None else few
        case Hold.PROOF_NOT_REACHABLE:
            return _far_proof(situation.reach, attempt, view)
        case Hold.PREFLIGHT_BROKEN:
            return situation.preflight.why if situation.preflight else hold.meaning
        case _:
            return hold.meaning


def _far_proof(reach: Reach | None, attempt: Attempt, view: View) -> str:
    """Say what the proof takes, where that is too much, and what to do."""
    anyway = f"or say approve/{attempt.canary}/NONCE to begin all the same"
    if reach is None or reach.late is None:
        return f"without requests it cannot be proven: send some, {anyway}"
    number, seconds = reach.late
    weight, longest = reach.weights[number], view.rollout.steps[number].max_duration_seconds
    return (
        f"proof takes {_time(reach.seconds)} at the present traffic of "
        f"{number_text(reach.requests_per_second)} requests a second: it needs {reach.requests:,} of the "
        f"canary's, and step {number + 1} with {weight} % of all would take {_time(seconds)}, of "
        f"{_time(longest)} that it may. Raise its maxDurationSeconds to {math.ceil(seconds)} or its weight, "
        f"promise less, {anyway}, with {reach.weights[0]} %"
    )


def _time(seconds: float) -> str:
    return duration_text(Fraction(math.ceil(seconds)))
