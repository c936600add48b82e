"""What a decision is made from and what it is; how a revision is wanted, sent back or rejected. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from paddle_operator.rollout.machine import ATTEMPTING, ENDED, Event, State, after
from paddle_operator.rollout.memory import Attempt, Cause, Memory, Rejection
from paddle_operator.rollout.situation import Situation
from paddle_operator.rollout.verdict import Finding, Verdict
from paddle_operator.spec.rollout import Rollout, RolloutState


@dataclass(frozen=True, slots=True)
class View:
    """All that a decision is made from, besides what is remembered."""

    rollout: Rollout
    situation: Situation
    now: datetime
    fresh: bool
    """The gate's answer was not used before. It is used once: what it led to is judged at the next look."""

    @property
    def paused(self) -> bool:
        """Whether weights are frozen."""
        return self.rollout.state is RolloutState.PAUSED

    @property
    def frozen(self) -> bool:
        """Whether nobody goes further: paused, or it is not known whether this is still what is wanted."""
        return self.paused or self.situation.wanted is None

    @property
    def verdict(self) -> Verdict | None:
        """What the gate says, while that was not used."""
        return self.situation.verdict if self.fresh else None

    @property
    def missing(self) -> str:
        """Which counts are missing, while that was not used."""
        return self.situation.missing if self.fresh else ""

    @property
    def overspent(self) -> bool:
        """Whether a canary has spent more of the budget than it may."""
        spent = self.situation.spent_percent
        return spent is not None and spent > Fraction(self.rollout.analysis.max_budget_spend_percent)

    def finds(self, *findings: Finding) -> bool:
        """Tell whether the gate says one of these."""
        return self.verdict is not None and self.verdict.finding in findings


@dataclass(frozen=True, slots=True)
class Move:
    """An event, and what changes with it in the memory."""

    event: Event
    changes: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    """Of a hold or a rejection; else the new state says it."""
    told: str = ""
    """More than the event says, in a sentence."""


def by_wish(memory: Memory, view: View) -> Move | None:
    """Follow the resource: a newer wish ends whatever goes on for an older one, but no return that callers
    need."""
    wanted, attempt, state = view.situation.wanted, memory.attempt, memory.state
    if wanted is None or (attempt is not None and attempt.canary == wanted):
        return None
    bad = view.finds(Finding.BROKEN) or view.overspent
    broken = bad and takes_over_alone(memory, view.situation)  # nobody to go back to
    if wanted == memory.stable and not broken:
        return _wanted_again(memory, view, wanted)
    if state is State.BAKING and wanted == memory.previous:
        return sent_back(memory, view, wanted, None, "the resource asks for the previous revision again")
    rejection = memory.rejection_of(wanted)
    ended = rejection is not None and not _ends_by(rejection, state)
    if broken or ended or keeps_others_waiting(memory, view.situation):
        return None
    if rejection is not None:
        told = f"{wanted} was rejected before: {rejection.told or rejection.cause}"
        return Move(rejection.cause.event, _in_its_place(memory, view), reason=rejection.cause, told=told)
    changes = {
        "attempt": Attempt(canary=wanted, strategy=view.rollout.strategy),
        "previous": None,
        "history": _history(memory, view, memory.stable or ""),  # one that is kept stays if it is withdrawn
        "gate": "",
        "counters": "",
        "judged": None,
    }
    back = _in_its_place(memory, view)
    instead = f", which is to be gone back to instead of {memory.stable}" if back else ""
    instead += ", which is rejected" if "rejected" in back else ""
    superseded = f"; it supersedes {attempt.canary}{instead}" if attempt is not None else ""
    why = attempt.cause or "" if attempt is not None and "rejected" in back else ""
    return Move(Event.BEGUN, {**changes, **back}, reason=why, told=f"{wanted} is wanted{superseded}")


def _wanted_again(memory: Memory, view: View, wanted: str) -> Move | None:
    """Let whoever is tried go, since the revision that serves is wanted again; once it has pods, where only
    who takes over has some."""
    told = f"{wanted} is wanted again"
    if takes_over_alone(memory, view.situation):
        return gone_back(memory, view, wanted, None, f"{told}, and has no ready pod yet")
    ordered_back = memory.returning is not None and memory.returning.cause is not None
    ends = memory.state in {*ATTEMPTING, *ENDED} and not ordered_back
    if not ends or keeps_others_waiting(memory, view.situation):
        return None
    return Move(Event.WITHDRAWN, {"history": _history(memory, view, wanted)}, told=told)


def _in_its_place(memory: Memory, view: View) -> dict[str, Any]:
    """Let who alone serves be the one to go back to; and who was to take over again, though none of its pods
    is ready yet: where nobody else serves it goes on coming up, and who was left stays left."""
    attempt = memory.attempt
    if attempt is not None and serves_alone(memory, view.situation):
        return _served_by(memory, attempt, view)
    returning = memory.returning
    here = returning is not None and returning.canary in view.situation.ready
    if returning is None or not here or memory.stable is None or view.situation.has(memory.stable):
        return {}
    return taken_back(memory, returning, view)


def _served_by(memory: Memory, attempt: Attempt, view: View) -> dict[str, Any]:
    """Let the canary, which alone has ready pods, be the stable revision."""
    history = memory.history_with([memory.stable], attempt.canary, view.rollout.revision_history_limit)
    return {"stable": attempt.canary, "served": True, "history": history}


def taken_back(memory: Memory, attempt: Attempt, view: View) -> dict[str, Any]:
    """Let who returns be the stable revision; the one that it replaces is kept, or rejected for a cause that
    is not forgiven."""
    changes: dict[str, Any] = {"stable": attempt.canary}
    left = memory.stable
    if left is not None and attempt.cause is not None and not attempt.forgiven:
        rejection = Rejection(revision=left, cause=attempt.cause, told=attempt.told, at=view.now)
        changes["rejected"] = memory.rejecting(rejection)
        left = None
    if attempt.forgiven and attempt.cause is Cause.FAST_BURN:
        changes["burned"] = memory.stable or ""
    limit = view.rollout.revision_history_limit
    changes["history"] = memory.history_with([left], attempt.canary, limit)
    return changes


def _ends_by(rejection: Rejection, state: State) -> bool:
    """Tell whether a wish for a revision that was rejected changes the state."""
    return state not in {State.BAKING, State.RETURNING} and after(state, rejection.cause.event) is not state


def takes_over_alone(memory: Memory, situation: Situation) -> bool:
    """Tell whether who takes over, or was held on the way, has the only ready pods, though not all that it
    needs: to end them would be an outage."""
    trying = memory.trying
    takes_over = trying is not None and (trying.takes_over or memory.state is State.PROMOTING)
    return takes_over and _has_the_only_pods(memory, situation)


def serves_alone(memory: Memory, situation: Situation) -> bool:
    """Tell whether nothing holds it either."""
    return memory.state is not State.HELD and takes_over_alone(memory, situation)


def alone_for_now(memory: Memory, situation: Situation) -> bool:
    """Tell whether a canary in its steps, or held, has the only ready pods: those of the stable revision went
    and come back, since they made no room for it, or it is to take over."""
    trying = memory.trying
    comes_back = trying is not None and trying.weight > 0 and not trying.has_their_place
    return comes_back and _has_the_only_pods(memory, situation) and not serves_alone(memory, situation)


def unwanted_but_needed(memory: Memory, situation: Situation) -> bool:
    """Tell whether that canary is to go, since another revision is wanted."""
    wanted, attempt = situation.wanted, memory.attempt
    other = attempt is not None and wanted not in {None, attempt.canary}
    return other and alone_for_now(memory, situation)


def _has_the_only_pods(memory: Memory, situation: Situation) -> bool:
    attempt = memory.attempt
    lost = memory.stable in situation.ready and not situation.has(memory.stable)
    return attempt is not None and lost and situation.has(attempt.canary) > 0


def keeps_others_waiting(memory: Memory, situation: Situation) -> bool:
    """Tell whether requests go to pods of an earlier revision or of a canary, since the one that serves has
    none or is to blame. Whatever begins meanwhile would take these pods away, and give the requests back."""
    if alone_for_now(memory, situation):
        return True
    returning = memory.returning
    target = returning.canary if returning is not None else memory.previous
    to_blame = returning is not None and returning.cause is not None
    return situation.has(target) > 0 and (to_blame or not situation.has(memory.stable))


def sent_back(
    memory: Memory, view: View, target: str, cause: Cause | None, told: str, *, forgiven: bool = False
) -> Move:
    """Let an earlier revision take over; a cause rejects the one that serves, once it does no longer, unless
    that is forgiven.

    Whoever is tried meanwhile is rejected at once, or it would begin again.
    """
    changes: dict[str, Any] = {
        "attempt": Attempt(
            canary=target, cause=cause, told=told, full=view.situation.full, forgiven=forgiven
        ),
        "previous": None,
        "history": _history(memory, view, target),
    }
    if memory.trying is not None and memory.trying.canary != target:
        gone = Rejection(revision=memory.trying.canary, cause=Cause.SENT_BACK, told=told, at=view.now)
        changes["rejected"] = memory.rejecting(gone)
    return Move(Event.SENT_BACK, changes, reason=cause or "", told=told)


def gone_back(memory: Memory, view: View, target: str, cause: Cause | None, told: str) -> Move:
    """Let an earlier revision take over. Who takes over now and alone has pods keeps them meanwhile."""
    attempt = memory.attempt
    if attempt is None or not takes_over_alone(memory, view.situation):
        return sent_back(memory, view, target, cause, told)
    serving = _served_by(memory, attempt, view)
    ended = memory.but(**serving, state=State.STEADY, attempt=None, hold=None)
    move = sent_back(ended, view, target, cause, told)
    return replace(move, changes={**serving, **move.changes})


def ending(memory: Memory, attempt: Attempt, view: View, cause: Cause, told: str) -> Move:
    """Reject the canary."""
    rejection = Rejection(revision=attempt.canary, cause=cause, told=told, at=view.now)
    return Move(cause.event, {"rejected": memory.rejecting(rejection)}, reason=cause, told=told)


def _history(memory: Memory, view: View, but: str) -> tuple[str, ...]:
    """Who served before, with those that stayed warm or were on their way back."""
    returning = memory.returning
    back = returning.canary if returning is not None else None
    return memory.history_with([memory.previous, back], but, view.rollout.revision_history_limit)
