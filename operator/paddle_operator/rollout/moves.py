"""What a decision is made from and what it is; how a revision is wanted, sent back or rejected. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from paddle_operator.rollout.machine import ATTEMPTING, ENDED, Event, State, after
from paddle_operator.rollout.memory import Attempt, Cause, Memory, Rejection
from paddle_operator.rollout.only_pods import TOOK_OVER, Alone, alone, keeps_others_waiting
from paddle_operator.rollout.situation import Situation
from paddle_operator.rollout.verdict import Finding, Verdict
from paddle_operator.spec.rollout import KeepPrevious, Override, Rollout, RolloutState

LOSSES_FORGIVEN = 2
"""So often a canary may lose its last ready pod, by a node that goes; then it is the canary."""


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
    def keeps_warm(self) -> bool:
        """Whether who served before stays to take over again."""
        bake = self.rollout.bake
        return bake.keep_previous is KeepPrevious.WARM and bake.duration_minutes > 0

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

    @property
    def budget_left(self) -> Fraction | None:
        """Percent of the budget that is left; None where nobody knows, or where it keeps nothing waiting."""
        repairs = self.rollout.budget_policy.override is Override.REPAIR
        return None if repairs else self.situation.budget_left_percent

    @property
    def budget_is_low(self) -> bool:
        """Whether so little is left that a person must approve."""
        least = Fraction(self.rollout.budget_policy.manual_below_percent)
        return self.budget_left is not None and self.budget_left < least

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
    lasts: str = ""
    """What of that is told with whatever follows at the same look, too."""


def by_wish(memory: Memory, view: View) -> Move | None:
    """Follow the resource: a newer wish ends whatever goes on for an older one, but no return that callers
    need."""
    wanted, attempt, state = view.situation.wanted, memory.attempt, memory.state
    if wanted is None or (attempt is not None and attempt.canary == wanted):
        return None
    bad = view.finds(Finding.BROKEN) or view.overspent
    broken = bad and alone(memory, view.situation.ready) in TOOK_OVER  # nobody to go back to
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
    return _begun(memory, view, wanted)


def _begun(memory: Memory, view: View, wanted: str) -> Move:
    """Let whoever is wanted be tried, instead of whoever is."""
    attempt, told, back = memory.attempt, f"{wanted} is wanted", _in_its_place(memory, view)
    changes = {
        "attempt": Attempt(canary=wanted, strategy=view.rollout.strategy),
        "previous": None,
        # one that is kept stays if it is withdrawn
        "history": history_kept(memory, view, memory.stable or ""),
        "gate": "",
        "counters": "",
        "judged": None,
    }
    if attempt is None:
        again = f"{memory.previous} serves again instead of {memory.stable}, which is down" if back else ""
        whole = "; ".join(filter(None, (told, again)))
        return Move(Event.BEGUN, {**changes, **back}, told=whole, lasts=again)
    serves = _who_serves(memory, view, back)
    supersedes = f"it supersedes {attempt.canary}{serves}"
    why = attempt.cause or "" if "rejected" in back else ""
    lasts = supersedes if serves and not why else ""
    return Move(Event.BEGUN, {**changes, **back}, reason=why, told=f"{told}; {supersedes}", lasts=lasts)


def _who_serves(memory: Memory, view: View, back: Mapping[str, Any]) -> str:
    """Say who serves while something newer begins, where that is another one than before, or nobody."""
    if back:
        rejected = ", which is rejected" if "rejected" in back else ""
        return f", which is to be gone back to instead of {memory.stable}{rejected}"
    attempt, stable, wanted = memory.attempt, memory.stable, view.situation.wanted
    has, ready = view.situation.has, view.situation.ready
    if attempt is None or not has(attempt.canary) or has(stable) or stable not in ready:
        return ""
    return f", which has the only ready pods: nobody serves until {stable} or {wanted} has one"


def _wanted_again(memory: Memory, view: View, wanted: str) -> Move | None:
    """Let whoever is tried go, since the revision that serves is wanted again; once it has pods, where only
    who takes over has some."""
    told = f"{wanted} is wanted again"
    if alone(memory, view.situation.ready) in TOOK_OVER:
        return gone_back(memory, view, wanted, None, f"{told}, and has no ready pod yet")
    ordered_back = memory.returning is not None and memory.returning.cause is not None
    ends = memory.state in {*ATTEMPTING, *ENDED} and not ordered_back
    if not ends or keeps_others_waiting(memory, view.situation):
        return None
    all_there = view.situation.has(wanted) >= view.situation.full  # else a warm pod may keep one of its away
    if memory.returning is not None and all_there and view.keeps_warm:  # its bake was not over
        kept = {"previous": memory.returning.canary, "gate": "", "counters": "", "bake_losses": 0}
        return Move(Event.KEPT, kept, told=told)
    return Move(Event.WITHDRAWN, {"history": history_kept(memory, view, wanted)}, told=told)


def _in_its_place(memory: Memory, view: View) -> dict[str, Any]:
    """Let who alone serves be the one to go back to; and who was to take over again, though none of its pods
    is ready yet: where nobody else serves it goes on coming up, and who was left stays left. So it is, too,
    for who made room for one that is down in its bake: that may never come up again."""
    attempt, previous = memory.attempt, memory.previous
    if attempt is not None and alone(memory, view.situation.ready) is Alone.TAKES_OVER:
        return _served_by(memory, attempt, view)
    down = memory.down_since is not None and not memory.warm  # else both went, and both come back
    if down and previous is not None and previous in view.situation.ready:
        told = f"{memory.stable} had no ready pod in its bake when {view.situation.wanted} was wanted"
        back = Attempt(canary=previous, cause=Cause.ENDPOINTS_LOST, told=told, forgiven=True)
        return taken_back(memory, back, view)
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
    if left is not None and attempt.cause is not None:
        rejection = Rejection(revision=left, cause=attempt.cause, told=attempt.told, at=view.now)
        if attempt.forgiven:
            changes["left"] = memory.leaving(rejection)
        else:
            changes["rejected"] = memory.rejecting(rejection)
            left = None
    limit = view.rollout.revision_history_limit
    changes["history"] = memory.history_with([left], attempt.canary, limit)
    return changes


def _ends_by(rejection: Rejection, state: State) -> bool:
    """Tell whether a wish for a revision that was rejected changes the state."""
    return state not in {State.BAKING, State.RETURNING} and after(state, rejection.cause.event) is not state


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
        "history": history_kept(memory, view, target),
    }
    if memory.trying is not None and memory.trying.canary != target:
        gone = Rejection(revision=memory.trying.canary, cause=Cause.SENT_BACK, told=told, at=view.now)
        changes["rejected"] = memory.rejecting(gone)
    return Move(Event.SENT_BACK, changes, reason=cause or "", told=told)


def gone_back(memory: Memory, view: View, target: str, cause: Cause | None, told: str) -> Move:
    """Let an earlier revision take over. Who takes over now and alone has pods keeps them meanwhile."""
    attempt = memory.attempt
    if attempt is None or alone(memory, view.situation.ready) not in TOOK_OVER:
        return sent_back(memory, view, target, cause, told)
    serving = _served_by(memory, attempt, view)
    ended = memory.but(**serving, state=State.STEADY, attempt=None, hold=None)
    move = sent_back(ended, view, target, cause, told)
    return replace(move, changes={**serving, **move.changes})


def ending(memory: Memory, attempt: Attempt, view: View, cause: Cause, told: str) -> Move:
    """Reject the canary."""
    rejection = Rejection(revision=attempt.canary, cause=cause, told=told, at=view.now)
    return Move(cause.event, {"rejected": memory.rejecting(rejection)}, reason=cause, told=told)


def history_kept(memory: Memory, view: View, but: str) -> tuple[str, ...]:
    """Who served before, with those that stayed warm or were on their way back."""
    returning = memory.returning
    back = returning.canary if returning is not None else None
    return memory.history_with([memory.previous, back], but, view.rollout.revision_history_limit)
