"""What is remembered of a service's rollouts, with its text. Written before the weight that it justifies.

The text is canonical JSON without defaults. What cannot be read is no memory; then the rollout goes on from
what lives, and no weight moves (adoption.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from paddle_operator.rollout.machine import ATTEMPTING, Event, State, Word, after
from paddle_operator.rollout.request import Handled
from paddle_operator.rollout.verdict import Verdict
from paddle_operator.spec.base import Block, canonical_json
from paddle_operator.spec.rollout import Strategy

MOST_REJECTED = 20
"""Rejected revisions that are remembered, and such that left their bakes; the oldest are forgotten first."""
LONGEST_SAID = 1024
"""Characters of what happened last that are kept, and told."""
LARGEST_BYTES = 768 * 1024
"""Beyond it the gate's part is not kept, and its evidence begins anew: a ConfigMap holds 1 MiB. The evidence
needs a few kilobytes; the counters of each pod need less than one, so some 900 pods fit."""
_VERSION = 1
_TAKES_OVER = {Event.PROVEN: True, Event.HOSTED: False, Event.LOST: False}


class Hold(Word):
    """Why a rollout waits."""

    BUDGET_BLOCKED = "BudgetBlocked", "Less of the budget is left than budgetPolicy.blockBelowPercent."
    NEEDS_APPROVAL = "NeedsApproval", "Too little of the budget, or of the room, is left to begin unasked."
    PROOF_NOT_REACHABLE = "ProofNotReachable", "With the present traffic it cannot be proven in time."
    PREFLIGHT_BROKEN = "PreflightBroken", "The preflight could not find anything out, for or against it."
    NO_CAPACITY = "NoCapacity", "The cluster has no room for the pods that are needed next."
    PAUSED = "Paused", "spec.rollout.state is Paused: weights stay as they are until it is Running."
    SHARED_INCIDENT = (
        "SharedIncident",
        "The promise is broken, and nothing shows that the canary is the worse one.",
    )
    REGRESSION = "Regression", "The canary is worse than the stable revision, inside the promise."
    METRICS_UNAVAILABLE = "MetricsUnavailable", "Counts have been missing for a minute or longer."
    UNPROVEN = "Unproven", "The step's time is over without proof, and analysis.onUnproven is Hold."


class Cause(StrEnum):
    """Why a revision was rejected, and the event that this is."""

    event: Event
    meaning: str

    def __new__(cls, value: str, event: Event, meaning: str) -> Self:
        """Keep event and documentation beside the word."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.event = event
        member.meaning = meaning
        return member

    BROKEN = (
        "Broken",
        Event.CONDEMNED,
        "It breaks the promise, and is the worse one where both were asked.",
    )
    REFUSES = "Refuses", Event.CONDEMNED, "It refuses requests (4xx) that the stable revision takes."
    REGRESSION = "Regression", Event.CONDEMNED, "It is worse, and analysis.onRegressionWithinSLA is Rollback."
    PREFLIGHT_FAILED = (
        "PreflightFailed",
        Event.CONDEMNED,
        "Its answers differ from the expected ones, or from the stable revision's.",
    )
    ENDPOINTS_LOST = (
        "EndpointsLost",
        Event.CONDEMNED,
        "Its last ready pod went: three times beside others or in their room, or in a bake without steps.",
    )
    NOT_READY = (
        "NotReady",
        Event.CONDEMNED,
        "Pods made room for its own, and none of these was ready in time.",
    )
    BUDGET_SPENT = "BudgetSpent", Event.CONDEMNED, "It spent more than analysis.maxBudgetSpendPercent."
    FAST_BURN = (
        "FastBurn",
        Event.CONDEMNED,
        "The budget burned fast in its bake: in a second one, or where nobody could be compared with it.",
    )
    SENT_BACK = "SentBack", Event.CONDEMNED, "A person rolled back to an earlier revision."
    UNPROVEN = "Unproven", Event.EXPIRED, "It was not proven; nothing was found against it."
    METRICS_UNAVAILABLE = (
        "MetricsUnavailable",
        Event.EXPIRED,
        "Counts were missing for a minute, and analysis.onMetricsUnavailable is Rollback.",
    )
    ABORTED = "Aborted", Event.ABORTED, "A person aborted it."


class _Kept(Block):
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    def but(self, **changes: Any) -> Self:
        """Return a copy with some fields changed, checked as if it had been read."""
        return self.model_validate({**dict(self), **changes})


class Rejection(_Kept):
    """A revision that takes no traffic any more, unless a person says retry; or one that left its bake."""

    revision: str
    cause: Cause
    told: str = ""
    """What was found, in a sentence."""
    at: datetime


class Attempt(_Kept):
    """A revision on its way."""

    canary: str
    """Who is tried; in Returning, who takes over again."""
    strategy: Strategy = Strategy.CANARY
    """As it is until the attempt begins, and from then on as it was."""
    step: int = 0
    """By its index."""
    weight: int = 0
    """Percent of the requests that it may take."""
    raised: int = 0
    """Percent below which no step is, so that proof is in reach."""
    offered: int = 0
    """Percent with which it begins where a person says so, as the person was told; 0: nothing was said."""
    running_seconds: int = 0
    """How long the step has run, without the times that do not count."""
    checked: bool = False
    """The preflight is through."""
    approved: bool = False
    """A person has said that it may begin, or leave the step."""
    without_proof: bool = False
    """A person has said that it may begin though a proof is out of reach, having been told so."""
    proven: bool = False
    """What it had shown when the step passed was a proof."""
    takes_over: bool = False
    """It has passed all that it had to before it serves alone, or a person promotes it; until it has a share
    of its own again."""
    ordered: bool = False
    """A person promotes it, whatever is not proven yet."""
    accepted: bool = False
    """A person accepts that it is worse than the stable revision, inside the promise."""
    losses: int = 0
    """How often its last ready pod went while others had some, or had made room for it."""
    missing_since: datetime | None = None
    """The look from which on counts are missing; None: at the last one there were all."""
    too_few: bool = False
    """It alone had ready pods, and fewer than all requests need, when counts were looked at last or since."""
    short_since: datetime | None = None
    """Since when pods that made room for it are missing to callers, while it takes none of them; None: none
    are."""
    full: int = 0
    """Pods that all of the traffic takes, where those that serve make room for it; 0: they make none."""
    least: int = 0
    """Pods of both revisions that go on serving while room is made, as it was said before."""
    hosted: str = Field("", max_length=LONGEST_SAID)
    """How its pods find room, and what that was to cost, as it was said when it began."""
    cause: Cause | None = None
    """In Returning: why whoever serves now will be rejected; None where the spec went back."""
    forgiven: bool = False
    """It will not be, and begins anew."""
    told: str = ""

    @property
    def ends_pods(self) -> bool:
        """Whether pods that serve are ended to make room for it."""
        return self.full > 0 or self.strategy is Strategy.RECREATE

    @property
    def blind(self) -> bool:
        """Whether nobody sees what it does, so that it goes no further. A person's order needs no proof."""
        return self.missing_since is not None and not self.ordered


class Judged(_Kept):
    """What the gate said last, and of whom."""

    revision: str
    verdict: Verdict
    counted_from: tuple[str, ...] = ()
    """Selectors of the counters that were read for it."""


class Memory(_Kept):
    """Everything that is remembered."""

    state: State = State.STEADY
    since: datetime
    """When the state began."""
    stable: str | None = None
    served: bool = False
    """The stable revision has had a ready pod. One that never had is replaced without a rollout."""
    previous: str | None = None
    warm: bool = False
    """The previous revision has had ready pods in this bake."""
    bake_losses: int = 0
    """How often in this bake, where it has not, the last ready pod of who serves went."""
    down_since: datetime | None = None
    """Since when it has none."""
    attempt: Attempt | None = None
    hold: Hold | None = None
    looked_at: datetime | None = None
    """The last look of the gate that was taken into account."""
    gate: str = ""
    counters: str = ""
    counted_until: datetime | None = None
    """When counting ended last: what the gateway's proxies counted before is of whoever was judged then."""
    counted_of: str = ""
    """Who that was."""
    rejected: tuple[Rejection, ...] = ()
    """Oldest first."""
    history: tuple[str, ...] = ()
    """Revisions that served before the stable and the previous one, newest first."""
    handled: Handled | None = None
    said: str = ""
    """What happened last, in a sentence; empty where the state says it. Here, so that whoever goes on after a
    crash can still tell it."""
    newer: str = ""
    """What a newer change or a return waits for now, in a sentence; empty: none does."""
    judged: Judged | None = None
    left: tuple[Rejection, ...] = ()
    """Who gave its requests back in its bake without being rejected for it, and has neither been through a
    bake since nor served until a newer one did; oldest first. It may be tried again, and nobody is sent back
    to it, also after a person's retry."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.state in ATTEMPTING) is not (self.attempt is not None):
            raise ValueError(f"{self.state} {'needs an' if self.attempt is None else 'has no'} attempt")
        return self

    @property
    def returning(self) -> Attempt | None:
        """Who takes over again; None where nobody does."""
        return self.attempt if self.state is State.RETURNING else None

    @property
    def trying(self) -> Attempt | None:
        """Who is tried; None where nobody is."""
        return self.attempt if self.state is not State.RETURNING else None

    def moved(self, event: Event, now: datetime, **changes: Any) -> Memory:
        """Return what is remembered after an event; IllegalEvent where the state does not know it."""
        state = after(self.state, event)
        kept = {} if state in ATTEMPTING else {"attempt": None}
        moved = self.but(**{**kept, "hold": None, **changes, "state": state, "since": now})
        if event in _TAKES_OVER:
            moved = moved.attempting(takes_over=_TAKES_OVER[event])
        if not self._ends_counting(moved):
            return moved
        judged = self.trying.canary if self.trying is not None else self.stable
        return moved.but(counters="", counted_until=now, counted_of=judged or "")

    def _ends_counting(self, moved: Memory) -> bool:
        """Tell whether what is counted from now on is of other places, or of nobody."""
        before, after = self.attempt, moved.attempt
        has = after.canary if after is not None and after.weight else None
        loses = before is not None and before.weight > 0 and before.canary != has
        goes_on = moved.state in {*ATTEMPTING, State.BAKING} and moved.counters == self.counters
        return loses or moved.stable != self.stable or (self.counters != "" and not goes_on)

    def attempting(self, **changes: Any) -> Memory:
        """Return it with a changed attempt."""
        return self.but(attempt=self.attempt.but(**changes)) if self.attempt else self

    def rejection_of(self, revision: str | None) -> Rejection | None:
        """Return why a revision was rejected; None where it was not."""
        return next((one for one in self.rejected if one.revision == revision), None)

    def has_left(self, revision: str | None) -> Cause | None:
        """Return why a revision had to leave its bake; None where it had not to, or was through one since."""
        return next((one.cause for one in self.left if one.revision == revision), None)

    def how_it_left(self, revision: str | None) -> str:
        """Return that in words, for people; empty where it had not to."""
        cause = self.has_left(revision)
        lost = "burned the budget fast" if cause is Cause.FAST_BURN else "lost its last ready pod"
        return f"{lost} in its bake and gave the requests back" if cause is not None else ""

    def leaving(self, rejection: Rejection) -> tuple[Rejection, ...]:
        """Return those that had to leave their bakes with one more. A burn is not forgotten for lost pods."""
        burned = self.has_left(rejection.revision) is Cause.FAST_BURN
        return self.left if burned else _with_one_more(self.left, rejection)

    def left_without(self, revision: str | None) -> tuple[Rejection, ...]:
        """Return those that had to leave their bakes without one that may be gone back to again."""
        return tuple(one for one in self.left if one.revision != revision)

    def rejecting(self, rejection: Rejection) -> tuple[Rejection, ...]:
        """Return the rejected revisions with one more."""
        return _with_one_more(self.rejected, rejection)

    def history_with(self, revisions: Iterable[str | None], but: str | None, limit: int) -> tuple[str, ...]:
        """Return the history with revisions that served until now, and without the one that serves next."""
        found = dict.fromkeys([*revisions, *self.history])
        return tuple(one for one in found if one is not None and one != but)[:limit]


def _with_one_more(known: tuple[Rejection, ...], rejection: Rejection) -> tuple[Rejection, ...]:
    others = [one for one in known if one.revision != rejection.revision]
    return (*others, rejection)[-MOST_REJECTED:]


def text_of(memory: Memory) -> str:
    """Write it."""
    text = canonical_json(
        {"version": _VERSION, **memory.model_dump(by_alias=True, mode="json", exclude_defaults=True)}
    )
    if len(text.encode()) <= LARGEST_BYTES or not (memory.gate or memory.counters):
        return text
    return text_of(memory.but(gate="", counters=""))


def memory_from(text: str) -> Memory | None:
    """Read it; None for an empty text, and for one that is damaged or of another release."""
    try:
        return _Versioned.model_validate_json(text).plain()
    except ValidationError:
        return None


class _Versioned(Memory):
    version: int

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.version != _VERSION:
            raise ValueError(f"version {self.version} is not {_VERSION}")
        return self

    def plain(self) -> Memory:
        """Return it without the version, which only the text has."""
        return Memory.model_validate({key: value for key, value in self if key != "version"})
