"""The whole status from one look. It is written only if it says something else than the stored one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from paddle_operator import names
from paddle_operator.errors import Violation
from paddle_operator.plan import Plan
from paddle_operator.plan.route import url_of
from paddle_operator.reasons import Reason
from paddle_operator.sla.means import Known
from paddle_operator.sla.measured import Measured
from paddle_operator.spec import Identity, Service
from paddle_operator.status import promise, verdicts
from paddle_operator.status.conditions import LONGEST_MESSAGE, TYPES, Before, Condition, Truth, written
from paddle_operator.status.diagnosis import last_end
from paddle_operator.status.facts import Facts
from paddle_operator.status.revisions import revisions
from paddle_operator.status.rollout import RolloutFacts, rollout_blocks
from paddle_operator.status.scaling import scaling_active
from paddle_operator.status.situation import Situation
from paddle_operator.status.standing import Standing

Status = dict[str, Any]
GOES_NO_FURTHER = "The resource breaks rules (see Stalled): the rollout goes no further until it is mended."


def status_of(
    service: Service,
    plan: Plan,
    facts: Facts,
    previous: Status,
    now: datetime,
    *,
    measured: Measured | None = None,
    known: Known | None = None,
    rollout: RolloutFacts | None = None,
) -> Status:
    """The status of a resource that could be read. Nothing is measured without a Prometheus."""
    at = Situation(service, plan, facts, Before.of(previous), rollout, now)
    standing = Standing.of(previous, plan.sla_hash)
    route = verdicts.route_accepted(at)
    ready = verdicts.ready(at, route)
    complete = verdicts.rollout_complete(at, ready)
    conditions = (
        ready,
        verdicts.model_loaded(at),
        complete,
        route,
        *verdicts.progress(ready, complete, at.unwatched),
        standing.verdict(promise.sla_met(measured), measured),
        standing.availability(promise.metrics_available(measured, ready), measured),
        verdicts.feasible(at, known),
        scaling_active(at),
    )
    blocks: Status = {
        "observedGeneration": at.generation,
        "url": url_of(service, gateway_api=facts.gateway_api),
        "slaHash": plan.sla_hash,
        "sla": standing.figures(promise.sla_status(service.spec.sla, measured), measured),
        **_scale(at),
        **revisions(at, previous),
        **rollout_blocks(rollout, previous),
        "model": _model(at),
        "conditions": written(conditions, at.before, at.generation, now),
    }
    return {key: value for key, value in blocks.items() if value is not None}


def status_of_rejected(
    identity: Identity, violations: Sequence[Violation], previous: Status, now: datetime
) -> Status:
    """The status of a resource that breaks rules: all of them are told, and what serves stays as it was."""
    said = _said_of(violations, "What serves is left as it is.")
    unknown: tuple[Truth, Reason, str] = ("Unknown", Reason.INVALID_SPEC, "the resource could not be read")
    conditions = [Condition(type_, *said.get(type_, unknown)) for type_ in TYPES]
    before = Before.of(previous)
    return {
        **previous,
        "observedGeneration": identity.generation,
        "conditions": written(conditions, before, identity.generation, now),
    }


def refusing(status: Status, violations: Sequence[Violation], previous: Status, now: datetime) -> Status:
    """The status of a resource that breaks rules, where it goes on by what was asked for before.

    What a rollout does meanwhile is told as ever: it may lose its share, and people are to read why; and that
    it goes no further, for who reads nothing but this would wait for it.
    """
    said = _said_of(violations, "What was asked for before is watched on; no rollout goes further.")
    told = {one["type"]: one for one in status["conditions"]}
    complete = told["RolloutComplete"]
    if complete["status"] != "True":
        kept = f"{complete['message'].rstrip('.')}. {GOES_NO_FURTHER}"
        told["RolloutComplete"] = {**complete, "message": kept[:LONGEST_MESSAGE]}
        del said["RolloutComplete"]
    refused = [Condition(type_, *words) for type_, words in said.items()]
    for one in written(refused, Before.of(previous), status["observedGeneration"], now):
        told[one["type"]] = one
    return {**status, "conditions": list(told.values())}


def _said_of(violations: Sequence[Violation], meanwhile: str) -> dict[str, tuple[Truth, Reason, str]]:
    count = len(violations)
    told = f"{count} rule{'s' if count > 1 else ''} broken: " + "; ".join(str(one) for one in violations)
    message = f"{told}. {meanwhile}"
    return {
        "Ready": ("False", Reason.INVALID_SPEC, message),
        "RolloutComplete": ("False", Reason.INVALID_SPEC, message),
        "Reconciling": ("False", Reason.INVALID_SPEC, "it waits for a person: see Stalled"),
        "Stalled": ("True", Reason.INVALID_SPEC, message),
    }


def _scale(at: Situation) -> Status:
    stable = at.facts.deployment(at.plan.stable)
    labels = names.revision_labels(at.service.identity.name, at.plan.stable or "none")
    selected = (names.LABEL_SERVICE, names.LABEL_REVISION)
    return {
        "replicas": stable.replicas if stable else 0,
        "selector": ",".join(f"{label}={labels[label]}" for label in selected),
    }


def _model(at: Situation) -> Status:
    failure = at.failure or last_end(at.facts.pods_of(at.plan.target))
    if failure is None:
        return {"state": str(at.state)}
    told: Status = {"reason": str(failure.reason), "message": failure.message}
    if failure.pod:
        told["pod"] = failure.pod
    if failure.exit_code is not None:
        told["exitCode"] = failure.exit_code
    return {"state": str(at.state), "lastFailure": told}
