"""What happens next in a rollout: at most one event, from what is remembered and what one look tells. Pure.

In this order: what the resource wants, what protects callers, what the state waits for. While a rollout is
paused only the first two move anything, and neither gives the canary a larger share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

from paddle_operator.rollout.baking import baking
from paddle_operator.rollout.judging import (
    awaiting_approval,
    evidence,
    held,
    holding,
    refuses,
    step,
)
from paddle_operator.rollout.machine import TRYING, Event, State
from paddle_operator.rollout.memory import LONGEST_SAID, Attempt, Cause, Hold, Memory
from paddle_operator.rollout.moves import (
    LOSSES_FORGIVEN,
    Move,
    View,
    by_wish,
    ending,
    taken_back,
)
from paddle_operator.rollout.only_pods import unwanted_but_needed
from paddle_operator.rollout.preflight import PreflightState
from paddle_operator.rollout.situation import Situation
from paddle_operator.rollout.verdict import Finding
from paddle_operator.rollout.weighing import share
from paddle_operator.sla.figures import length_text, number_text
from paddle_operator.spec.rollout import (
    OnRegression,
    Strategy,
    Surge,
)


def next_move(memory: Memory, view: View) -> Move | None:
    """Decide; None where everything stays."""
    attempt = memory.attempt
    if (wish := by_wish(memory, view)) is not None:
        return wish
    if attempt is None:
        return baking(memory, view) if memory.state is State.BAKING else None
    protection = _protection(memory, attempt, view) if memory.state in TRYING else None
    if protection is not None:
        return protection
    if unwanted_but_needed(memory, view.situation):  # it gains nothing, and goes as soon as it may
        judged = _NEEDED.get(memory.state)
        return judged(memory, attempt, view) if judged is not None else None
    return _WAITING[memory.state](memory, attempt, view) or _room_back(memory, attempt, view)


def blocking(memory: Memory, attempt: Attempt, view: View) -> Hold | None:
    """Return what keeps a rollout from beginning. A proof is out of reach until it is known to be in it."""
    policy, situation = view.rollout.budget_policy, view.situation
    left = view.budget_left
    if left is not None and left < Fraction(policy.block_below_percent):
        return Hold.BUDGET_BLOCKED
    if view.paused:
        return Hold.PAUSED
    if (view.budget_is_low or _leaves_nobody(memory, attempt, situation)) and not attempt.approved:
        return Hold.NEEDS_APPROVAL
    waits = view.rollout.surge is Surge.SURGE  # with a pod, so that an autoscaler of nodes sees it
    if attempt.strategy is not Strategy.RECREATE and not waits and short_of_room(attempt, view):
        return Hold.NO_CAPACITY
    held, reach = memory.hold is Hold.PROOF_NOT_REACHABLE, situation.reach
    far = held if reach is None else not reach.fits
    if attempt.strategy is Strategy.CANARY and far and not attempt.without_proof:
        return Hold.PROOF_NOT_REACHABLE
    return None


def _leaves_nobody(memory: Memory, attempt: Attempt, situation: Situation) -> bool:
    """Tell whether one that left its bake would be tried again in the room of all that serve since."""
    hosting = situation.hosting
    found = hosting.by_nodes if hosting is not None else None
    ends_all = found is not None and bool(found.rounds) and not found.least
    serves = situation.has(memory.stable) > 0
    return serves and ends_all and memory.has_left(attempt.canary) is not None


def short_of_room(attempt: Attempt, view: View, *, takes_over: bool = False) -> bool:
    """Tell whether the cluster cannot hold the pods that are needed next."""
    most = view.situation.hostable
    needed = view.situation.full if takes_over else pods_needed(attempt, view)
    return most is not None and most < needed


def pods_needed(attempt: Attempt, view: View) -> int:
    """Return the ready pods without which the canary gets no further."""
    match attempt.strategy:
        case Strategy.RECREATE:
            return 1
        case Strategy.BLUE_GREEN:
            return 1 if attempt.full else view.situation.full  # in another one's place, each serves at once
        case Strategy.CANARY:
            first = attempt.full and not attempt.weight  # who made room for it serves no more
            return 1 if first else view.situation.pods_for(share(view.rollout, attempt))


def _protection(memory: Memory, attempt: Attempt, view: View) -> Move | None:
    """What callers are protected by, also while a rollout is paused."""
    if not attempt.weight and memory.state is not State.PROMOTING:
        return None
    others = view.situation.has(memory.stable) > 0 or attempt.ends_pods  # these come back by its end
    losses = attempt.losses + 1 if others else attempt.losses  # what ends the pods of both is nobody's fault
    if not view.situation.has(attempt.canary) and losses <= LOSSES_FORGIVEN:
        lost = attempt.but(weight=0, losses=losses, missing_since=None)
        counted = f" (loss {losses} of {LOSSES_FORGIVEN} that are forgiven)" if others else ""
        told = f"{attempt.canary} has no ready pod any more{counted}"
        anew = {"attempt": lost, "counters": ""}  # what failed meanwhile was answered by none of its pods
        return Move(Event.LOST, anew, reason=Cause.ENDPOINTS_LOST, told=told)
    found = next(_found_bad(memory, attempt, view), None)
    return None if found is None else ending(memory, attempt, view, *found)


def short_since(memory: Memory, attempt: Attempt, view: View) -> datetime | None:
    """Return since when pods that made room for a canary without a share are missing to callers; None where
    none are, or where a person keeps one waiting that is ready."""
    ready, left = view.situation.has(attempt.canary), view.situation.has(memory.stable)
    recreates = attempt.strategy is Strategy.RECREATE
    waits = memory.state in {State.PREPARING, State.PREFLIGHT} and not attempt.weight
    enough = 1 if ready or recreates else view.situation.full
    if not waits or not attempt.ends_pods or left >= enough or (ready and view.paused):
        return None
    return min(attempt.short_since or view.now, view.now)


def _room_back(memory: Memory, attempt: Attempt, view: View) -> Move | None:
    """Give the room back that pods made for a canary, where it waits for its first share: nobody may serve
    until then, so each such wait has an end, but for a pause of one that is ready, which is a person's."""
    since = short_since(memory, attempt, view)
    if since is None:
        return None
    hosting, found = view.situation.hosting, view.situation.preflight
    asked, ready = memory.state is State.PREFLIGHT, view.situation.has(attempt.canary)
    in_vain = found is not None and found.state is PreflightState.BROKEN and not attempt.approved
    nobody_left = not view.situation.has(memory.stable) and not attempt.least  # as it was said before
    if asked and found is not None and in_vain and nobody_left and not view.paused:
        told = f"nobody served while it was asked, and nothing was found out: {found.why}"
        return ending(memory, attempt, view, Cause.UNPROVEN, told)
    waited = view.now - since
    if hosting is None or waited <= hosting.longest + (hosting.asked if asked else timedelta()):
        return None
    length = length_text(waited)
    if not ready:
        why = f": {view.situation.trouble.rstrip('.')}" if view.situation.trouble else ""
        told = f"none of its pods was ready within {length}{why}"
        return ending(memory, attempt, view, Cause.NOT_READY, told)
    told = f"nobody served while it waited for its first share, for {length}"
    return ending(memory, attempt, view, Cause.UNPROVEN, told)


def _found_bad(memory: Memory, attempt: Attempt, view: View) -> Iterator[tuple[Cause, str]]:
    analysis, spent = view.rollout.analysis, view.situation.spent_percent
    most = Fraction(analysis.max_budget_spend_percent)
    if not view.situation.has(attempt.canary):
        times = f"{attempt.losses + 1} times while others had some or had made room"
        yield Cause.ENDPOINTS_LOST, f"it has lost its last ready pod {times}"
    if view.finds(Finding.BROKEN):
        yield Cause.REFUSES if refuses(view) else Cause.BROKEN, evidence(view)
    if spent is not None and view.overspent:
        told = f"it has spent {number_text(spent)} % of the budget, of {number_text(most)} % that it may"
        yield Cause.BUDGET_SPENT, f"{told}: {evidence(view)}"
    policy = analysis.on_regression_within_sla
    if view.finds(Finding.REGRESSION) and policy is OnRegression.ROLLBACK and not attempt.accepted:
        yield Cause.REGRESSION, evidence(view)


def _blocked(memory: Memory, attempt: Attempt, view: View) -> Move | None:
    hosting = view.situation.hosting
    unlooked = hosting is not None and not hosting.is_about(memory)
    reckoned = view.situation.reckoned or attempt.strategy is not Strategy.CANARY or attempt.without_proof
    if unlooked or not reckoned or view.frozen or blocking(memory, attempt, view) is not None:
        return None
    offered = attempt.offered if attempt.without_proof else 0
    raised = offered or (view.situation.reach.weights[0] if view.situation.reach else 0)
    found = hosting.by_nodes if hosting is not None else None
    makes_room = {"full": found.wanted, "least": found.least} if found is not None and found.rounds else {}
    told = hosting.told if hosting is not None else ""
    said = {"hosted": told[:LONGEST_SAID], **makes_room}
    begun = attempt.but(approved=False, without_proof=False, raised=raised, offered=0, **said)
    return Move(Event.ADMITTED, {"attempt": begun}, told=told)


def _preparing(memory: Memory, attempt: Attempt, view: View) -> Move | None:
    if attempt.weight and (hold := holding(memory, attempt, view)) is not None:
        return hold
    nobody_serves = attempt.checked and not view.situation.has(memory.stable)  # both have lost their pods
    if not nobody_serves and _may_make_room(attempt, view):
        anew = Attempt(
            canary=attempt.canary,
            strategy=attempt.strategy,
            approved=memory.has_left(attempt.canary) is None,  # for one that left nobody makes room unasked
            without_proof=True,
            offered=attempt.raised,
        )
        return Move(Event.BEGUN, {"attempt": anew}, told="there is no room beside those that serve")
    needed = 1 if nobody_serves else pods_needed(attempt, view)
    if view.frozen or attempt.blind or view.situation.has(attempt.canary) < needed:
        return None
    return _hosted(attempt, view) if attempt.checked else Move(Event.CHECKABLE)


def _may_make_room(attempt: Attempt, view: View) -> bool:
    """Tell whether it began beside those that serve, where there is no room now, and could begin anew."""
    unasked = not attempt.weight and not view.frozen and view.rollout.surge is not Surge.SURGE
    return not attempt.ends_pods and unasked and short_of_room(attempt, view)


def _preflight(memory: Memory, attempt: Attempt, view: View) -> Move | None:
    found = view.situation.preflight
    if found is not None and found.state is PreflightState.FAILED:
        return ending(memory, attempt, view, Cause.PREFLIGHT_FAILED, found.why)
    waits = found is not None and found.state is not PreflightState.PASSED and not attempt.approved
    if waits or view.frozen or view.situation.has(attempt.canary) < pods_needed(attempt, view):
        return None
    passed = found.why if found is not None and found.state is PreflightState.PASSED else ""
    told = "; ".join(filter(None, (passed.rstrip("."), view.situation.left_out)))
    return replace(_hosted(attempt.but(checked=True, approved=False), view), told=told)


def _hosted(attempt: Attempt, view: View) -> Move:
    """Give the canary its share. Its time in the step goes on where it had that share before."""
    if attempt.strategy is not Strategy.CANARY or attempt.ordered:
        return Move(Event.PROVEN, {"attempt": attempt})
    weight = share(view.rollout, attempt)
    running = attempt.running_seconds if weight == attempt.weight else 0
    taking = attempt.but(weight=weight, running_seconds=running)
    return Move(Event.HOSTED, {"attempt": taking, "looked_at": view.now})


def _promoting(memory: Memory, attempt: Attempt, view: View) -> Move | None:
    if not attempt.ordered and (hold := holding(memory, attempt, view)) is not None:
        return hold
    recreates = attempt.strategy is Strategy.RECREATE
    needed = pods_needed(attempt, view) if recreates else view.situation.full
    if view.frozen or attempt.blind or view.situation.has(attempt.canary) < needed:
        return None
    stays = memory.stable if view.keeps_warm and not recreates else None
    left = None if stays else memory.stable
    limit = view.rollout.revision_history_limit
    changes = {
        "stable": attempt.canary,
        "served": True,
        "previous": stays,
        "history": memory.history_with([left], attempt.canary, limit),
        "left": memory.left_without(memory.stable),
        "gate": "",  # nobody is there to be compared with any more: evidence from then would acquit it
        "counters": "",
        "bake_losses": 0,
    }
    return Move(Event.FILLED, changes, told=f"{attempt.canary} serves")


def _returning(memory: Memory, attempt: Attempt, view: View) -> Move | None:
    situation = view.situation
    if attempt.canary not in situation.ready and attempt.canary != situation.wanted:  # else it is made again
        return Move(Event.WITHDRAWN, told=f"{attempt.canary}, which was to take over again, is gone")
    some, alone = situation.has(attempt.canary), not situation.has(memory.stable)
    all_that_come = some and alone and short_of_room(attempt, view, takes_over=True)
    if some < situation.full and not all_that_come:
        return None
    changes = {**taken_back(memory, attempt, view), "served": True}
    event = Event.WITHDRAWN if attempt.forgiven else Event.RETURNED  # nobody was found bad
    return Move(event, changes, reason=attempt.cause or "", told=attempt.told)


_WAITING: Mapping[State, Callable[[Memory, Attempt, View], Move | None]] = {
    State.BLOCKED: _blocked,
    State.PREPARING: _preparing,
    State.PREFLIGHT: _preflight,
    State.STEP: step,
    State.AWAITING_APPROVAL: awaiting_approval,
    State.HELD: held,
    State.PROMOTING: _promoting,
    State.RETURNING: _returning,
}

_NEEDED: Mapping[State, Callable[[Memory, Attempt, View], Move | None]] = {
    State.PREPARING: holding,
    State.STEP: holding,
    State.HELD: held,
}
"""What goes on for one that is not wanted and has the only ready pods."""
