"""What the status tells of a rollout: how far it is, what was counted, who was rejected, what was asked."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from pydantic import ValidationError

from paddle_operator.reasons import Reason
from paddle_operator.rollout.baking import LONGEST_DOWN
from paddle_operator.rollout.gate.proof import Reach
from paddle_operator.rollout.machine import ENDED, State
from paddle_operator.rollout.memory import LONGEST_SAID, Hold, Memory, Rejection
from paddle_operator.rollout.only_pods import too_few
from paddle_operator.rollout.request import Handled, Verb
from paddle_operator.rollout.saying import UNPROVEN_ALONE, by_hand, inside
from paddle_operator.rollout.verdict import Evidence, Finding, Verdict
from paddle_operator.sla.figures import length_text
from paddle_operator.spec.rollout import Rollout, RolloutState, Strategy

MOST_REJECTED = 5
"""The newest are told; more are remembered."""
NOBODY_SERVED_YET = "No revision has served yet: the first one does as soon as one of its pods is ready."
LOOKED_AT = "It is wanted, and whether it may begin is looked at."
_BY_STATE = {
    State.STEADY: Reason.COMPLETE,
    State.BLOCKED: Reason.ROLLOUT_IN_PROGRESS,
    State.PREPARING: Reason.ROLLOUT_IN_PROGRESS,
    State.PREFLIGHT: Reason.PREFLIGHT,
    State.STEP: Reason.CANARY_STEP,
    State.AWAITING_APPROVAL: Reason.AWAITING_APPROVAL,
    State.HELD: Reason.ROLLOUT_IN_PROGRESS,
    State.PROMOTING: Reason.PROMOTING,
    State.BAKING: Reason.BAKING,
    State.RETURNING: Reason.RETURNING,
    State.ROLLED_BACK: Reason.ROLLED_BACK,
    State.UNPROVEN: Reason.UNPROVEN,
    State.ABORTED: Reason.ABORTED,
}
_BY_HOLD = {
    Hold.BUDGET_BLOCKED: Reason.BLOCKED_BY_BUDGET,
    Hold.NEEDS_APPROVAL: Reason.AWAITING_APPROVAL,
    Hold.PROOF_NOT_REACHABLE: Reason.PROOF_NOT_REACHABLE,
    Hold.PREFLIGHT_BROKEN: Reason.PREFLIGHT_BROKEN,
    Hold.NO_CAPACITY: Reason.NO_CAPACITY,
    Hold.PAUSED: Reason.ROLLOUT_PAUSED,
    Hold.SHARED_INCIDENT: Reason.SHARED_INCIDENT,
    Hold.REGRESSION: Reason.REGRESSION,
    Hold.METRICS_UNAVAILABLE: Reason.METRICS_UNAVAILABLE,
    Hold.UNPROVEN: Reason.HELD_UNPROVEN,
}


@dataclass(frozen=True, slots=True)
class RolloutFacts:
    """How one look left a rollout."""

    rollout: Rollout
    memory: Memory
    wanted: str | None = None
    """The revision that the resource asks for."""
    verdict: Verdict | None = None
    """None where nobody was judged at this look."""
    reach: Reach | None = None
    """How long the proof takes; None where that was not reckoned at this look, or is not known."""
    hosting: str = ""
    """How the pods of whoever is tried find room."""
    ready: Mapping[str, int] = field(default_factory=dict)
    """Ready pods, by revision, as far as they are known."""
    full: int = 0
    """Pods that all requests need; 0: not known."""
    taken: int = 0
    """Percent of the requests that whoever is tried takes now by the route; 0: none, or not known."""
    fast_burn: bool = False
    """Whether the budget burns so fast now that somebody is paged."""

    @property
    def message(self) -> str:
        """What happened last, in a sentence."""
        if self.memory.state is State.STEADY and not self.memory.served:
            return NOBODY_SERVED_YET
        meaning, attempt = self.memory.state.meaning, self.memory.attempt
        if self.memory.state is State.BLOCKED and self.memory.hold is None:
            meaning = LOOKED_AT
        if self.memory.state is State.STEADY and self.wanted != self.memory.stable:
            meaning = f"{self.memory.stable} takes all requests; what is wanted has not begun."
        told = self.memory.said or (meaning if attempt is None else f"{attempt.canary}: {inside(meaning)}")
        pods = self.memory.newer or self._pods  # either one says who has the only ones
        now = ". ".join(filter(None, (pods, self._nobody, self._paused, self._burns)))
        return f"{told[: LONGEST_SAID - len(now) - 2].rstrip('.')}. {now}" if now else told

    @property
    def _serving(self) -> int:
        """Ready pods of the stable revision; 1 where that is not known."""
        return self.ready.get(self.memory.stable or "", 1)

    @property
    def _pods(self) -> str:
        """Whose pods are missing now; empty: nobody's are. What was said when something happened lasts."""
        memory, attempt, previous = self.memory, self.memory.trying, self.memory.previous
        if previous is not None and not self.ready.get(previous, 1):
            if self._serving:
                return f"{previous} has no ready pod to go back to"
            return f"Nobody serves: neither has a ready pod. {self._takes_over_at(previous)}"
        if attempt is None or attempt.ends_pods or not (attempt.weight or attempt.checked):
            return ""
        if self._serving and self.taken > attempt.weight and memory.state is not State.PROMOTING:
            return f"{memory.stable} lacks pods: {attempt.canary} takes {self.taken} % of the requests now"
        if self._serving or not self.ready.get(attempt.canary):
            return ""
        looks = attempt.weight > 0 and memory.state is not State.PROMOTING
        few = looks and too_few(memory, self.ready, self.full)
        judged = f", and is judged again once {self.full} of its pods are ready" if few else ""
        return f"{memory.stable} has no ready pod: {attempt.canary} takes all requests now{judged}"

    @property
    def _nobody(self) -> str:
        """That the one which all requests go to since another one was rejected cannot take them yet."""
        memory = self.memory
        down = memory.state in ENDED and memory.served and not self._serving
        return f"Nobody serves until {memory.stable} has a ready pod" if down else ""

    def _takes_over_at(self, previous: str) -> str:
        """When, in a bake where nobody serves, and by which command sooner."""
        memory, longest = self.memory, length_text(LONGEST_DOWN)
        once = f"{previous} takes over once {memory.stable} has had none for {longest}"
        if memory.warm:  # both come back: to go back by hand would reject the other one
            return once
        now = by_hand(Verb.ROLLBACK, previous)
        return f"{once}, or loses its last one for the third time. To let it do so now: {now}"

    @property
    def unproven(self) -> bool:
        """Whether what happened last is that one serves without proof, since who did was deleted."""
        return UNPROVEN_ALONE in self.memory.said

    @property
    def revision(self) -> str | None:
        """Whom it is about: who is tried, who was wanted and rejected, or who serves."""
        if self.memory.attempt is not None:
            return self.memory.attempt.canary
        return (self.wanted if self.memory.state in ENDED else None) or self.memory.stable

    @property
    def _paused(self) -> str:
        """What a pause keeps from going on, where no hold tells of it."""
        if self.rollout.state is not RolloutState.PAUSED:
            return ""
        if self.memory.state is State.HELD:
            return "The rollout is paused, too: it does not go on until it is Running"
        bakes = self.memory.state is State.BAKING and self.memory.down_since is None
        return "The rollout is paused: its bake does not end until it is Running" if bakes else ""

    @property
    def _burns(self) -> str:
        """What a fast burn that is nobody's fault, or not yet, keeps from its end."""
        memory, previous = self.memory, self.memory.previous
        serves = memory.down_since is None and self._serving > 0
        if not self.fast_burn or not serves or memory.state is not State.BAKING or previous is None:
            return ""
        lasts = f"The budget burns fast: while it does, the bake of {memory.stable} does not end by its time"
        return f"{lasts}. To go back to {previous}: {by_hand(Verb.ROLLBACK, previous)}"

    @property
    def _gave_back(self) -> bool:
        """Whether who is wanted has just given its requests back, and does not begin anew yet."""
        attempt, state = self.memory.attempt, self.memory.state
        tried = attempt.canary if attempt is not None else self.wanted
        waits = state in {State.STEADY, State.BLOCKED} and tried != self.memory.stable
        return waits and self.memory.has_left(tried) is not None

    @property
    def reason(self) -> Reason:
        """Why the rollout is not complete, or that it is."""
        state, hold, attempt = self.memory.state, self.memory.hold, self.memory.attempt
        if hold is not None or self._paused:
            return _BY_HOLD[hold or Hold.PAUSED]
        if self._gave_back:
            return Reason.RETURNING
        lost = attempt is not None and attempt.checked and not attempt.weight  # it had passed its checks
        return Reason.ENDPOINTS_LOST if lost and state is State.PREPARING else _BY_STATE[state]


def rollout_blocks(facts: RolloutFacts | None, previous: Mapping[str, Any]) -> dict[str, Any]:
    """Return the blocks of the status; of a service without a rollout only what was answered last: the
    annotation may stand there yet when it has one again."""
    if facts is None:
        return {"lastHandledRequest": previous.get("lastHandledRequest")}
    memory = facts.memory
    return {
        "rollout": _progress(facts, previous),
        "rejectedRevisions": _newest_first(memory.rejected) or None,
        "leftBake": _newest_first(memory.left) or None,
        "lastHandledRequest": memory.handled.model_dump(by_alias=True, mode="json")
        if memory.handled
        else None,
    }


def _newest_first(rejections: Sequence[Rejection]) -> list[dict[str, str]]:
    return [
        {
            "revision": one.revision,
            "reason": one.cause.value,
            **({"message": one.told[:1024]} if one.told else {}),
            "at": f"{one.at:%Y-%m-%dT%H:%M:%SZ}",
        }
        for one in reversed(rejections[-MOST_REJECTED:])
    ]


def answered_in(status: Mapping[str, Any]) -> Handled | None:
    """Return what a status says that was answered last; None where it says nothing that can be read."""
    try:
        return Handled.model_validate_json(json.dumps(status.get("lastHandledRequest")))
    except ValidationError:
        return None


def budget_left_in(status: Mapping[str, Any]) -> tuple[str, Fraction | None]:
    """Return the objective of whose budget the least is left, and the percentage, as they are told."""
    sla = status.get("sla") or {}
    least = sla.get("budgetRemainingPercent")
    named = (one["name"] for one in sla.get("objectives") or () if one.get("budgetRemainingPercent") == least)
    return (next(named, ""), Fraction(least)) if least else ("", None)


def _progress(facts: RolloutFacts, previous: Mapping[str, Any]) -> dict[str, Any]:
    memory, before = facts.memory, previous.get("rollout") or {}
    attempt = memory.attempt
    revision = facts.revision
    steps = len(facts.rollout.steps)
    told: dict[str, Any] = {
        **({"revision": revision} if revision else {}),
        "state": memory.state.value,
        **({"hold": memory.hold.value} if memory.hold else {}),
        "message": facts.message,
    }
    if attempt is not None:
        if attempt.strategy is Strategy.CANARY and memory.state is not State.RETURNING:
            told |= {"step": min(attempt.step + 1, steps), "steps": steps}
        told |= {**_time_to_proof(facts, before), **_hosting(facts, before)}
    judged = memory.judged if memory.judged is not None and memory.judged.revision == revision else None
    if judged is not None:
        verdict = judged.verdict
        told |= {
            "verdict": verdict.finding.value,
            "evidenceNeeded": f"{verdict.enough_against:.4g}",
            "proofNeeded": f"{verdict.enough_proof:.4g}",
            "results": [_result(one) for one in verdict.objectives],
            "countedFrom": list(judged.counted_from),
        }
    return told


def _time_to_proof(facts: RolloutFacts, before: Mapping[str, Any]) -> dict[str, int]:
    """Tell it while a proof is worked for, not where the clock of the step stands still. A canary that waits
    for its beginning is at rest: its figure stays until another one is by a fifth more or less."""
    memory = facts.memory
    if memory.state in {State.PROMOTING, State.RETURNING, State.HELD} or memory.hold is Hold.PAUSED:
        return {}
    if facts.verdict is not None and facts.verdict.finding in {Finding.NO_DATA, Finding.SHARED_INCIDENT}:
        return {}
    same = before.get("revision") == facts.revision
    was = before.get("timeToProofSeconds") if same else None
    now = facts.reach.seconds if facts.reach is not None else was
    if now is None or math.isinf(now):
        return {}
    if facts.verdict is None and was is not None and abs(now - was) <= was / 5:
        return {"timeToProofSeconds": was}
    return {"timeToProofSeconds": math.ceil(now)}


def _hosting(facts: RolloutFacts, before: Mapping[str, Any]) -> dict[str, str]:
    """What was said when it began stays; until then it is what would be done now."""
    attempt = facts.memory.attempt
    if attempt is None or facts.memory.state is State.RETURNING:
        return {}
    text = attempt.hosted or (said_hosting({"rollout": before}, facts.revision) or facts.hosting)[:1024]
    return {"hosting": text} if text else {}


def said_hosting(status: Mapping[str, Any], revision: str | None) -> str:
    """Return how a status says that a revision's pods find room, as it was when it began; empty: not said."""
    before = status.get("rollout") or {}
    begun = before.get("revision") == revision and before.get("state") != State.BLOCKED
    return str(before.get("hosting") or "") if begun else ""


def _result(one: Evidence) -> dict[str, Any]:
    return {
        "objective": one.objective,
        "canaryRequests": one.canary_requests,
        "canaryBad": one.canary_bad,
        "stableRequests": one.stable_requests,
        "stableBad": one.stable_bad,
        "evidenceAbsolute": f"{one.absolute:.3g}",
        "evidenceRelative": f"{one.relative:.3g}",
        "evidenceProof": f"{one.proof:.3g}",
        "verdict": one.finding.value,
    }
