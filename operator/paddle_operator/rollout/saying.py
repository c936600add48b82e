"""What is said of a rollout: to whom it may concern, in Events, logs and the status. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from paddle_operator import names
from paddle_operator.rollout.gate.proof import Reach
from paddle_operator.rollout.judging import FIGURES
from paddle_operator.rollout.machine import ENDED, State
from paddle_operator.rollout.memory import Attempt, Cause, Hold, Memory, Rejection
from paddle_operator.rollout.moves import Move, View
from paddle_operator.rollout.only_pods import unwanted_but_needed
from paddle_operator.rollout.request import Verb
from paddle_operator.rollout.weighing import course_of, share, share_by_pods
from paddle_operator.sla.figures import duration_text, number_text
from paddle_operator.spec.rollout import Strategy, Surge

PASSED_THROUGH = frozenset({State.BLOCKED, State.PREPARING, State.PREFLIGHT})
"""Of these nothing is said where they are left at the same look; why one is Blocked is said by its hold."""

UNPROVEN_ALONE = "and nothing is proven of it"
"""So it is said of who serves where the one that did was deleted: no state tells of that."""
_FOUND = frozenset(
    {
        *(Cause.BROKEN, Cause.REFUSES, Cause.REGRESSION, Cause.PREFLIGHT_FAILED, Cause.UNPROVEN),
        *(Hold.SHARED_INCIDENT, Hold.REGRESSION),
    }
)
"""Of these the counts or answers alone are told: what they mean has to be said before."""


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
    return Saying(
        reason=move.reason or memory.state.value,
        message=_message(memory, move, before, view, revision),
        revision=revision,
        state=memory.state.value,
        weight=memory.attempt.weight if memory.attempt else 0,
        warns=move.reason in {*Cause, *Hold} or memory.state is State.HELD,
    )


def in_place_of(before: Memory, memory: Memory) -> Saying:
    """Say who serves since the one that did was deleted, or is not in a backup."""
    promoted = before.attempt if before.state is State.PROMOTING else None
    proven = promoted is not None and promoted.canary == memory.stable and not promoted.ordered
    how = "and was proven" if proven else UNPROVEN_ALONE
    told = f"{before.stable}, which served, is gone: {memory.stable} serves in its place, {how}"
    return Saying(memory.state.value, told, memory.stable or "", memory.state.value, warns=True)


def begins_anew(memory: Memory, *, past: bool) -> Saying | None:
    """Say that nothing is remembered of what lives, or nothing that is of now; None where it makes no
    difference, since nobody is tried."""
    attempt, bakes = memory.attempt, memory.state is State.BAKING
    if attempt is None and not past and not bakes:
        return None
    lost = "is of the past, and not followed" if past else "is lost"
    if attempt is None:
        baked = f", and its bake begins anew; {memory.previous} is kept to go back to" if bakes else ""
        told = f"what was remembered of the rollout {lost}: {memory.stable} serves as it did{baked}"
        return Saying(memory.state.value, told, memory.stable or "", memory.state.value, warns=True)
    told = f"what was remembered of {attempt.canary} {lost}: it keeps its share, and is judged anew"
    return Saying(memory.state.value, told, attempt.canary, memory.state.value, attempt.weight, warns=True)


def waiting(memory: Memory, view: View) -> Saying | None:
    """Say what a rollout waits for; None where it goes on."""
    if memory.hold is None or memory.attempt is None:
        return None
    attempt = memory.attempt
    return Saying(
        memory.hold.value,
        f"{attempt.canary}{_had_to_leave(memory, attempt)}: {_why(memory.hold, memory, attempt, view)}"
        f"{_room_kept(memory, attempt, view)}",
        attempt.canary,
        memory.state.value,
        attempt.weight,
        True,
    )


def _had_to_leave(memory: Memory, attempt: Attempt) -> str:
    """Say why one that has served is tried again, as long as it is: nothing else tells it then."""
    left = memory.how_it_left(attempt.canary)
    return f", which {left}" if left else ""


def rejected_before(memory: Memory, view: View) -> Saying | None:
    """Say why the wanted revision was rejected, where another one's end was told last: nothing else happens
    where both ended in the same way."""
    wanted = view.situation.wanted
    gone = memory.rejection_of(wanted) if memory.state in ENDED else None
    if gone is None or gone.revision in memory.said:
        return None
    told = _ended(gone, memory, memory, view)
    return Saying(gone.cause.value, told, gone.revision, memory.state.value, warns=True)


def _message(memory: Memory, move: Move, before: Memory, view: View, revision: str) -> str:
    """What happened and to how many, what holds now, what a person can do; figures of the gate come last."""
    told, head, figures = move.told.partition(FIGURES)
    gone = _rejected(memory, before, view)
    if gone is not None:
        words = _ended(gone, memory, before, view)
    elif memory.state is State.HELD and memory.attempt is not None and memory.hold is not None:
        words = _held(memory.hold, memory, memory.attempt, told, view)
    else:
        words = _words(memory, revision, view)
        words = ": ".join(filter(None, (words, told)))
    return f"{words}{head}{figures}"


def _rejected(memory: Memory, before: Memory, view: View) -> Rejection | None:
    """Whose rejection the state tells of; None where it tells of none."""
    if memory.state not in ENDED:
        return None
    newest = memory.rejected[-1] if memory.rejected != before.rejected else None
    return memory.rejection_of(view.situation.wanted) or newest


def _ended(gone: Rejection, memory: Memory, before: Memory, view: View) -> str:
    told, _, _ = gone.told.partition(FIGURES)
    why = f"{inside(gone.cause.meaning)}: {told}" if gone.cause in _FOUND else told
    when = "was rejected before" if gone in before.rejected else "is rejected"
    return (
        f"{gone.revision} {when}: {why.rstrip('.') or inside(gone.cause.meaning)}. "
        f"{_who_serves(memory)}. "
        f"Change the resource, or try this one again: {by_hand(Verb.RETRY, gone.revision)}"
    )


def _who_serves(memory: Memory) -> str:
    if not memory.served:
        return "Nobody serves: the revision that did is gone"
    return f"All requests go to {memory.stable}"


def _held(hold: Hold, memory: Memory, attempt: Attempt, told: str, view: View) -> str:
    why = f"{inside(hold.meaning)}: {told}" if hold in _FOUND else told
    approve, abort = (by_hand(verb, attempt.canary) for verb in (Verb.APPROVE, Verb.ABORT))
    match hold:
        case Hold.REGRESSION:
            way = f". Accept that: {approve}; or end it: {abort}"
        case Hold.UNPROVEN:
            way = f". Begin the step anew: {approve}; or end it: {abort}"
        case Hold.SHARED_INCIDENT:
            way = ". It goes on when that is over"
        case _:
            way = ""
    way = "" if unwanted_but_needed(memory, view.situation) else way  # what that needs is said after it
    return f"{attempt.canary} is held with {_taken(memory, attempt, view)}: {why}{way}"


def by_hand(verb: Verb, revision: str) -> str:
    """Return the command by which a person asks for it."""
    return f"kubectl paddle_sla {verb} {names.service_of(revision)} {revision}"


def inside(meaning: str) -> str:
    """A sentence as it stands inside another one."""
    return meaning[0].lower() + meaning[1:].rstrip(".")


def _words(memory: Memory, revision: str, view: View) -> str:
    attempt = memory.attempt
    left = _had_to_leave(memory, attempt) if attempt is not None else ""
    match memory.state:
        case State.PREPARING if attempt is not None:
            words = f"{revision}{left}: {_coming(memory, attempt, view)}"
        case State.STEP if attempt is not None:
            words = f"{revision}{left}{',' if left else ''} takes {_taken(memory, attempt, view)}"
        case State.AWAITING_APPROVAL if attempt is not None:
            approve = by_hand(Verb.APPROVE, revision)
            words = f"{revision} waits for a person after {_step(attempt, view)} ({approve})"
        case State.BLOCKED:
            words = ""  # why is said by its hold
        case State.PROMOTING:
            words = f"{revision} takes over: all requests go to it, as fast as its pods are ready"
        case State.BAKING:
            kept = f"; {memory.previous} is kept to go back to" if memory.previous is not None else ""
            words = f"{memory.stable} takes all requests{kept}"
        case State.STEADY | State.ROLLED_BACK | State.UNPROVEN | State.ABORTED:
            words = f"{memory.stable} takes all requests"
        case _:
            words = f"{revision}: {inside(memory.state.meaning)}"
    return words


def _coming(memory: Memory, attempt: Attempt, view: View) -> str:
    """What the pods that come up are for."""
    if attempt.full:
        return "its pods come up in the room of those that are ended for them"
    if attempt.strategy is not Strategy.CANARY:
        return "pods for all requests come up"
    part = round(view.situation.comes_to(share(view.rollout, attempt), memory.stable))
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
    if taken > asked and not (situation.by_pods or attempt.full):  # it is told longer than that is so
        rest = f"and {taken} % until {memory.stable} can carry the rest"
        return f"{asked} % of the requests, {_step(attempt, view)}, {rest}"
    told = f"{taken} % of the requests, {_step(attempt, view)}"
    return told if taken == asked else f"{told}, which asks for {asked} %: {why}"


def _step(attempt: Attempt, view: View) -> str:
    steps = len(view.rollout.steps)
    return f"step {min(attempt.step + 1, steps)} of {steps}"


def _why(hold: Hold, memory: Memory, attempt: Attempt, view: View) -> str:
    situation, policy = view.situation, view.rollout.budget_policy
    of = f"error budget of {situation.budget_of}" if situation.budget_of else "error budget"
    rounded = math.floor((situation.budget_left_percent or 0) * 10) / 10  # never to more than there is
    left = f"{rounded:.1f} % of the {of} is left"
    approve = by_hand(Verb.APPROVE, attempt.canary)
    match hold:
        case Hold.BUDGET_BLOCKED:
            repair = "set spec.rollout.budgetPolicy.override to Repair if this one is the repair"
            if memory.has_left(attempt.canary) is not None:
                repair = "change the resource"
            least = f"{policy.block_below_percent} %"
            return f"{left}, and with less than {least} no rollout begins. Wait for more, or {repair}"
        case Hold.NEEDS_APPROVAL:
            least = f"{policy.manual_below_percent} %"
            low = f"{left}, and with less than {least} a person must approve: {approve}"
            only = f"there is room for it only where {memory.stable} serves, and nobody would meanwhile"
            beside = (
                "" if view.rollout.surge is Surge.ONE_BY_ONE else " when there is room beside it, or now,"
            )
            ask = f"{only}. It begins{beside} by {approve}"
            return low if view.budget_is_low else ask
        case Hold.NO_CAPACITY:
            few = f"the cluster has room for {situation.hostable} of the pods that are needed next"
            return situation.hosting.told if situation.hosting is not None else few
        case Hold.PROOF_NOT_REACHABLE:
            return _far_proof(situation.reach, memory, attempt, view)
        case Hold.PREFLIGHT_BROKEN:
            why = situation.preflight.why if situation.preflight else inside(hold.meaning)
            golden = view.rollout.preflight.golden_set_ref
            named = f" (goldenSetRef: ConfigMap {golden.config_map})" if golden is not None else ""
            jobs = " ".join(situation.preflight.jobs) if situation.preflight else ""
            again = f"mend that and ask again: kubectl delete job {jobs}".rstrip()
            return f"{why.rstrip('.')}{named}. To go on, {again}, or begin without a preflight: {approve}"
        case _:
            return hold.meaning


def _room_kept(memory: Memory, attempt: Attempt, view: View) -> str:
    """Say what a pause costs where pods made room for a canary that takes no request yet."""
    recreates, left = attempt.strategy is Strategy.RECREATE, view.situation.has(memory.stable)
    made = not left if recreates else attempt.full and left < view.situation.full
    if memory.hold is not Hold.PAUSED or memory.state is State.BLOCKED or attempt.weight or not made:
        return ""
    back = by_hand(Verb.ABORT, attempt.canary)
    return f" What made room for it serves nobody until then; to have that back: {back}"


def _far_proof(reach: Reach | None, memory: Memory, attempt: Attempt, view: View) -> str:
    """Say what the proof takes, where that is too much, and what to do."""
    anyway = by_hand(Verb.APPROVE, attempt.canary)
    if reach is None or reach.late is None:
        return f"it cannot be proven without requests that count, and 4xx do not: some begin it, or {anyway}"
    number, seconds = reach.late
    longest = view.rollout.steps[number].max_duration_seconds
    first, late = (round(view.situation.comes_to(reach.weights[at], memory.stable)) for at in (0, number))
    return (
        f"proof takes {_time(reach.seconds)} at the present traffic of "
        f"{number_text(reach.requests_per_second)} requests a second: it needs {reach.requests:,} of the "
        f"canary's, and step {number + 1} with {late} % of all would take {_time(seconds)}, of "
        f"{_time(longest)} that it may. Raise its maxDurationSeconds to {math.ceil(seconds)} or its weight, "
        f"or promise less. It begins by itself with more requests, or with {first} % by {anyway}"
    )


def _time(seconds: float) -> str:
    return duration_text(Fraction(math.ceil(seconds)))
