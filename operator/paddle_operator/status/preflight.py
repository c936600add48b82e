"""What the Jobs that compare answers left in the termination messages of their pods. Reading only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from paddle_operator import names
from paddle_operator.plan.compare_job import EXIT_ANSWERS_DIFFER
from paddle_operator.rollout.preflight import PreflightResult, PreflightState
from paddle_operator.status.diagnosis import failure_among
from paddle_operator.status.facts import Exit, Facts, PodFacts

MOST_WORDS = 1000
_UNHELD = (
    "all requests were answered, and nothing was compared: the golden set expects nothing of the answers, "
    "and {} has no pod whose answers they could be held to. Write into it what is expected"
)
_FIRST = (PreflightState.FAILED, PreflightState.BROKEN, PreflightState.RUNNING, PreflightState.PASSED)
"""Of several Jobs the first of these states counts: one that speaks against the revision is enough."""


def preflight_of(facts: Facts, jobs: Iterable[str], absent: str = "") -> PreflightResult | None:
    """Tell what all of them came to, as one; None where nothing is asked.

    `absent`: a stable revision without pods. To be held neither to its answers nor to expected ones shows
    nothing, so that is no pass.
    """
    results = (replace(preflight_result(facts, name), jobs=(name,)) for name in jobs)
    found = sorted(results, key=lambda one: _FIRST.index(one.state))
    if not found:
        return None
    same = [one for one in found if one.state is found[0].state]
    told = replace(
        found[0],
        why=" ".join(one.why for one in same if one.why),
        jobs=tuple(name for one in same for name in one.jobs),
        comparisons=sum(one.comparisons for one in found),
        seconds=max(one.seconds for one in found),
    )
    unheld = absent and told.state is PreflightState.PASSED and not told.comparisons
    return replace(told, state=PreflightState.BROKEN, why=_UNHELD.format(absent)) if unheld else told


def preflight_result(facts: Facts, name: str) -> PreflightResult:
    """Tell what the Job of this name came to. One that is not there has not begun.

    The word of any of its pods is final: only those that found nothing out are followed by another.
    """
    job, pods = facts.job(name), facts.pods_of_job(name)
    ends = list(_ends(pods))
    final = next((end for end in ends if end.code in {0, EXIT_ANSWERS_DIFFER}), None)
    if final is not None:
        return _said(final, PreflightState.FAILED if final.code else PreflightState.PASSED)
    if job is not None and job.finished:
        return _said(ends[-1], PreflightState.BROKEN) if ends else _lost(name)
    if job is not None and job.stuck:
        return PreflightResult(PreflightState.RUNNING, f"the pod of Job {name} is refused: {job.stuck}")
    if ends:
        return _said(ends[-1], PreflightState.RUNNING)
    failure = failure_among(pods)
    return PreflightResult(PreflightState.RUNNING, failure.message if failure else "")


def _ends(pods: Iterable[PodFacts]) -> Iterator[Exit]:
    for pod in pods:
        container = pod.container(names.CONTAINER_COMPARE)
        if container is not None and container.exit is not None:
            yield container.exit


def _said(end: Exit, state: PreflightState) -> PreflightResult:
    """Take the program's own words; where it left none (killed, or of another version) the kubelet's."""
    told = _document(end.message)
    if not told:
        words = end.message or end.reason or "no words"
        return _silent(state, f"its program ended with code {end.code}: {words[:MOST_WORDS]}")
    return PreflightResult(
        state=state,
        why=str(told.get("message", ""))[:MOST_WORDS],
        reason=str(told.get("reason", "")),
        comparisons=int(told.get("comparisons", 0)),
        seconds=float(told.get("seconds", 0.0)),
    )


def _silent(state: PreflightState, why: str) -> PreflightResult:
    """Without a document nothing was found out, whatever the code is."""
    return PreflightResult(state if state is PreflightState.RUNNING else PreflightState.BROKEN, why)


def _document(message: str) -> Mapping[str, Any]:
    try:
        told = json.loads(message)
        int(told.get("comparisons", 0)), float(told.get("seconds", 0.0))
    except (ValueError, TypeError, AttributeError):
        return {}
    return told if isinstance(told, dict) else {}


def _lost(name: str) -> PreflightResult:
    return PreflightResult(
        PreflightState.BROKEN,
        f"Job {name} ended and its answer is gone: its time was over, or its pods were taken away",
    )
