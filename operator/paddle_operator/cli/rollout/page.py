"""What a person reads about a rollout: how far it is, what was counted, why it waits, what to do. Pure.

Everything is shown as far as it is there: an operator of another release says less, or more.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from paddle_operator.cli.columns import columns
from paddle_operator.cli.rollout.choice import stable_without_pods, tried_in, wanted_rejected
from paddle_operator.cli.rollout.kept import why
from paddle_operator.reasons import Reason
from paddle_operator.rollout.gate.settings import REFUSED
from paddle_operator.rollout.machine import ENDED, State
from paddle_operator.rollout.memory import Hold
from paddle_operator.rollout.request import Verb
from paddle_operator.spec.rollout import RolloutState

A_PERSON_DECIDES = {
    Hold.NEEDS_APPROVAL,
    Hold.PROOF_NOT_REACHABLE,
    Hold.PREFLIGHT_BROKEN,
    Hold.REGRESSION,
    Hold.UNPROVEN,
}
"""Holds that approve ends."""
WIDTH = 100
"""Characters of a line beside its head."""
_EVIDENCE = ("evidenceAbsolute", "evidenceRelative", "evidenceProof")


def rollout_rows(service: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what stands at the head of a service's page."""
    status = service.get("status") or {}
    rollout = status.get("rollout") or {}
    yield from _wrapped("Rollout", _progress(rollout), "" if rollout.get("hold") else rollout.get("message"))
    if rollout.get("hold"):
        yield from _wrapped("Held", rollout["hold"], rollout.get("message"))
    if rollout.get("hosting") and rollout["hosting"] not in str(rollout.get("message")):
        yield from _wrapped("Room", rollout["hosting"])
    if "verdict" in rollout:
        yield "Verdict", f"{rollout['verdict']}{'' if _refused(status) else _time_to_proof(rollout)}"
    for one in status.get("rejectedRevisions") or ():
        yield from _wrapped("Rejected", one["revision"], why(one))
    for one in status.get("leftBake") or ():
        yield from _wrapped("Left bake", one["revision"], why(one))
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    for verb, revision in next_steps(service):
        yield "Next", " ".join(f"kubectl paddle_sla {verb} {name} {revision} -n {namespace}".split())


def under_way(service: Mapping[str, Any]) -> bool:
    """Tell whether a rollout goes on, or is waited for."""
    state = ((service.get("status") or {}).get("rollout") or {}).get("state", State.STEADY)
    return state not in {State.STEADY, *ENDED}


def evidence_table(service: Mapping[str, Any]) -> str:
    """One line an objective: what was counted, and the e-values that come of it; empty without any."""
    rollout = (service.get("status") or {}).get("rollout") or {}
    rows = [
        (
            str(one.get("objective", "")),
            str(one.get("verdict", "")),
            _counts(one, "canary"),
            _counts(one, "stable"),
            *_figures(one),
        )
        for one in rollout.get("results") or ()
    ]
    head = ("OBJECTIVE", "VERDICT", "CANARY", "STABLE", "BREAKS PROMISE", "WORSE THAN STABLE", "PROVEN")
    return columns([head, *rows]) if rows else ""


def _figures(one: Mapping[str, Any]) -> Iterator[str]:
    """What is refused breaks no promise and needs no proof: it is compared, and no more."""
    told = _EVIDENCE if one.get("objective") != REFUSED else ("", "evidenceRelative", "")
    return (str(one.get(figure, "")) for figure in told)


def next_steps(service: Mapping[str, Any]) -> Iterator[tuple[Verb, str]]:
    """Yield what a person can ask for now, the likeliest first."""
    status = service.get("status") or {}
    rollout, tried = status.get("rollout") or {}, tried_in(status)
    weight = (status.get("canary") or {}).get("weight")
    state, hold = rollout.get("state"), rollout.get("hold")
    previous = (status.get("previous") or {}).get("revision")
    paused = ((service.get("spec") or {}).get("rollout") or {}).get("state") == RolloutState.PAUSED
    if tried and rollout and state != State.RETURNING:
        if state == State.AWAITING_APPROVAL or hold in A_PERSON_DECIDES:
            yield Verb.APPROVE, tried
        if weight and state != State.PROMOTING and not paused and not _refused(status):
            yield Verb.PROMOTE, tried
        if state == State.PROMOTING and (lost := stable_without_pods(status)):  # abort ends the only pods
            yield Verb.ROLLBACK, lost
        yield Verb.ABORT, tried
    elif state == State.RETURNING and rollout.get("revision"):
        yield Verb.ABORT, str(rollout["revision"])
    elif previous:
        yield Verb.ROLLBACK, previous
    elif state in ENDED:
        yield Verb.RETRY, wanted_rejected(status)


def _refused(status: Mapping[str, Any]) -> bool:
    """Whether the resource breaks rules, so that nobody goes further for it."""
    stalled = (one for one in status.get("conditions") or () if one.get("type") == "Stalled")
    return any((one.get("status"), one.get("reason")) == ("True", Reason.INVALID_SPEC) for one in stalled)


def _wrapped(head: str, *words: object) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(textwrap.wrap(": ".join(str(one) for one in words if one), WIDTH)):
        yield "" if number else head, line


def _progress(rollout: Mapping[str, Any]) -> str:
    step = f"step {rollout['step']} of {rollout['steps']}" if {"step", "steps"} <= rollout.keys() else ""
    return ", ".join(str(one) for one in (rollout.get("state"), step) if one)


def _time_to_proof(rollout: Mapping[str, Any]) -> str:
    """How long it takes to be proven, and to be through the steps, in the unit that a person would use."""
    seconds = rollout.get("timeToProofSeconds")
    if not isinstance(seconds, int):
        return ""
    told = ", proven, and through its steps in about" if _proven(rollout) else ", proven in about"
    if seconds < 120:
        return f"{told} {seconds} s"
    hours = seconds / 3600
    return f"{told} {seconds / 60:.0f} min" if hours < 2 else f"{told} {hours:.0f} h"


def _proven(rollout: Mapping[str, Any]) -> bool:
    """Whether all that is left is the time that the steps take at least."""
    of_objectives = [one for one in rollout.get("results") or () if one.get("objective") != REFUSED]
    try:
        needed = float(rollout["proofNeeded"])
        return bool(of_objectives) and all(float(one["evidenceProof"]) >= needed for one in of_objectives)
    except (KeyError, ValueError):
        return False


def _counts(result: Mapping[str, Any], side: str) -> str:
    requests, bad = result.get(f"{side}Requests"), result.get(f"{side}Bad")
    word = "" if result.get("objective") == REFUSED else " bad"
    return "" if requests is None else f"{bad or 0} of {requests}{word}"
