"""What becomes of a canary with its share: it passes, is held, goes on, or was not proven in time. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from paddle_operator.rollout.gate.settings import REFUSED
from paddle_operator.rollout.machine import Event, State
from paddle_operator.rollout.memory import Attempt, Cause, Hold, Memory
from paddle_operator.rollout.moves import Move, View, ending
from paddle_operator.rollout.only_pods import alone
from paddle_operator.rollout.verdict import Evidence, Finding, Verdict
from paddle_operator.rollout.weighing import present_step
from paddle_operator.spec.rollout import Approval, OnDoubt, OnRegression, Step

MISSING_FOR = timedelta(seconds=60)
"""Counts that stay away for less stop every step, and are told to nobody: one question without an answer, a
target not sampled yet or a route that changes are no outage."""
MISSING_SCRAPES = 4
"""Nor is what comes back within so many scrapes, where these are rare."""

FIGURES = ". In e-values: "
"""What stands before it is for everybody; what follows, for who knows how a canary is judged."""


def step(memory: Memory, attempt: Attempt, view: View) -> Move | None:
    """Judge a canary in its step."""
    if (hold := holding(memory, attempt, view)) is not None:
        return hold
    if view.verdict is None or view.frozen or attempt.blind:
        return None
    if not _passes(attempt, view):
        return _overdue(memory, attempt, view)
    if _step_of(attempt, view).approval is Approval.MANUAL and not attempt.approved:
        shown = attempt.but(proven=view.verdict.proven)
        return Move(Event.COMPLETED, {"attempt": shown}, told=evidence(view))
    return _leaving_step(attempt, view, Event.PASSED)


def awaiting_approval(memory: Memory, attempt: Attempt, view: View) -> Move | None:
    """Leave a step with a person's word, which is no proof: where steps were taken away, that comes first.

    Nobody has to see a canary that waits for a person, unless the resource says that counts may not miss.
    """
    unseen = _without_counts(memory, attempt, view)
    if unseen is not None and unseen.event is not Event.HELD:
        return unseen
    if not attempt.approved or view.frozen:
        return None
    if _is_last(attempt, view) and not attempt.proven:
        return Move(Event.APPROVED)
    return _leaving_step(attempt, view, Event.APPROVED)


def held(memory: Memory, attempt: Attempt, view: View) -> Move | None:
    """Go on where what held the canary is over."""
    analysis, verdict = view.rollout.analysis, view.verdict
    if (ended := _without_counts(memory, attempt, view)) is not None:
        return ended
    match memory.hold:
        case Hold.METRICS_UNAVAILABLE:
            over = attempt.missing_since is None
        case Hold.SHARED_INCIDENT:
            over = verdict is not None and not view.finds(Finding.SHARED_INCIDENT, Finding.NO_DATA)
        case Hold.REGRESSION:
            over = _tolerates(attempt, view) or view.finds(Finding.NOTHING_AGAINST)
        case _:
            over = _passes(attempt, view) or analysis.on_unproven is not OnDoubt.HOLD
    return Move(Event.RECOVERED) if over else None


def holding(memory: Memory, attempt: Attempt, view: View) -> Move | None:
    """Say what holds a share: counts that stay away, an incident of both revisions, a regression."""
    if (lost := _without_counts(memory, attempt, view)) is not None:
        return lost
    if view.finds(Finding.SHARED_INCIDENT):
        return _hold(Hold.SHARED_INCIDENT, evidence(view))
    regressed = view.finds(Finding.REGRESSION) and not _tolerates(attempt, view)
    return _hold(Hold.REGRESSION, evidence(view)) if regressed else None


def evidence(view: View, *, of: str | None = None) -> str:
    """The counts that a verdict rests on; after FIGURES what all of them come to, and what is enough. They
    are those of the canary and the stable revision, or of a revision in its bake."""
    verdict = view.verdict
    if verdict is None or not verdict.objectives:
        return "no counts"
    decide = _decide(verdict)
    counts = "; ".join(
        f"{one.objective}: {one.canary_bad} of {one.canary_requests}"
        f"{'' if one.objective == REFUSED else ' bad'} at {of or 'the canary'}"
        f"{'' if of else f', {one.stable_bad} of {one.stable_requests} at the stable revision'}"
        for one in decide
    )
    if refuses(view):
        counts += ". If it is meant to refuse them, set analysis.onRegressionWithinSLA to Ignore"
    figures = "; ".join(
        f"{one.objective}: absolute {one.absolute:.3g}, relative {one.relative:.3g}, proof {one.proof:.3g}"
        for one in verdict.objectives
    )
    enough = f"{verdict.enough_against:.4g} is enough against it, {verdict.enough_proof:.4g} proves it"
    return f"{counts}{FIGURES}{figures}; {enough}"


def refuses(view: View) -> bool:
    """Whether nothing but the requests that it refuses (4xx) speaks against the canary."""
    if view.verdict is None or not view.finds(Finding.BROKEN, Finding.REGRESSION):
        return False
    return {one.objective for one in _decide(view.verdict)} == {REFUSED}


def _decide(verdict: Verdict) -> Sequence[Evidence]:
    """Return that of which the verdict is."""
    return [one for one in verdict.objectives if one.finding is verdict.finding] or verdict.objectives


def _overdue(memory: Memory, attempt: Attempt, view: View) -> Move | None:
    longest = _step_of(attempt, view).max_duration_seconds
    if attempt.running_seconds < longest or _is_needed(memory, view):
        return None
    told = f"not proven within {longest} s; {evidence(view)}"
    if view.rollout.analysis.on_unproven is OnDoubt.HOLD:
        return _hold(Hold.UNPROVEN, told)
    return ending(memory, attempt, view, Cause.UNPROVEN, told)


def _without_counts(memory: Memory, attempt: Attempt, view: View) -> Move | None:
    """Hold a canary whose counts stay away, or end it where the resource asks for that."""
    since = attempt.missing_since
    patience = max(MISSING_FOR, MISSING_SCRAPES * timedelta(seconds=view.situation.scrape_seconds))
    if not view.missing or since is None or view.now - since < patience:
        return None
    told = f"counts are missing since {since:%H:%M:%S} UTC: {view.missing}"
    ends = view.rollout.analysis.on_metrics_unavailable is OnDoubt.ROLLBACK
    if ends and not _is_needed(memory, view):
        return ending(memory, attempt, view, Cause.METRICS_UNAVAILABLE, told)
    remedy = "it goes on when they come back: see MetricsAvailable and the runbook metrics-missing"
    return None if memory.state is State.HELD else _hold(Hold.METRICS_UNAVAILABLE, f"{told}; {remedy}")


def _is_needed(memory: Memory, view: View) -> bool:
    """Tell whether nobody else serves: a canary against which nothing is found is not ended then."""
    return alone(memory, view.situation.ready) is not None


def _tolerates(attempt: Attempt, view: View) -> bool:
    ignored = view.rollout.analysis.on_regression_within_sla is OnRegression.IGNORE
    return attempt.accepted or ignored


def _step_of(attempt: Attempt, view: View) -> Step:
    return view.rollout.steps[present_step(view.rollout, attempt)]


def _leaving_step(attempt: Attempt, view: View, event: Event) -> Move:
    number = present_step(view.rollout, attempt) + 1
    told = f"step {number} passed with {evidence(view)}" if _passes(attempt, view) else ""
    if _is_last(attempt, view):
        return Move(Event.PROVEN, {"attempt": attempt.but(approved=False)}, told=told)
    further = attempt.but(step=attempt.step + 1, running_seconds=0, approved=False)
    return Move(event, {"attempt": further}, told=told)


def _is_last(attempt: Attempt, view: View) -> bool:
    return attempt.step >= len(view.rollout.steps) - 1


def _passes(attempt: Attempt, view: View) -> bool:
    verdict = view.verdict
    return (
        verdict is not None
        and verdict.finding in {Finding.NOTHING_AGAINST, Finding.REGRESSION}
        and attempt.running_seconds >= _step_of(attempt, view).min_duration_seconds
        and verdict.step_passes
        and (verdict.proven or not _is_last(attempt, view))
    )


def _hold(hold: Hold, told: str) -> Move:
    return Move(Event.HELD, {"hold": hold}, reason=hold, told=told)
