"""What the operator writes into a status is what the schema lets in: anything else would be dropped."""

from __future__ import annotations

import json
from typing import Any

import pytest

from paddle_operator.cluster.facts import deployment_facts
from paddle_operator.plan import Plan
from paddle_operator.spec.report import Status
from paddle_operator.status import status_of, status_of_rejected
from paddle_operator.status.facts import ContainerFacts, DeploymentFacts, Exit, Facts, PodFacts
from tests.contract.corpus import REJECTED
from tests.operator.given import DIGEST, MODULE_DIGEST, NOON, a_resource, a_service, planned, the
from tests.operator.spec.test_parse import violations


def check(status: dict[str, Any]) -> None:
    Status.model_validate_json(json.dumps(status))


def failing(plan: Plan) -> Facts:
    exit_ = Exit(12, "Error", json.dumps({"reason": "DigestMismatch", "message": "x" * 4000}))
    fetch = ContainerFacts("fetch", waiting_reason="CrashLoopBackOff", exit=exit_)
    return Facts(pods=(PodFacts("ocr-1", revision=plan.target or "", containers=(fetch,)),))


@pytest.mark.parametrize("digest", [None, DIGEST])
def test_a_status_at_the_beginning_fits_the_schema(digest: str | None) -> None:
    service = a_service()
    check(status_of(service, planned(service, digest=digest), Facts(), {}, NOON))


def test_a_status_of_a_running_service_fits_the_schema() -> None:
    service = a_service(a_resource().through("gw", "ocr.example.com"))
    plan = planned(service)
    facts = Facts(deployments=(DeploymentFacts(str(plan.stable), DIGEST, 1, 1),), gateway_api=True)
    check(status_of(service, plan, facts, {}, NOON))


def test_a_status_with_modules_of_other_bundles_fits_the_schema() -> None:
    service = a_service(a_resource().with_module("recognition", "builtin:other"))
    plan = planned(service)
    facts = Facts(deployments=(deployment_facts(the(plan, "Deployment")),))
    status = status_of(service, plan, facts, {}, NOON)
    check(status)
    assert status["canary"]["modules"] == [{"name": "recognition", "digest": MODULE_DIGEST}]


def test_a_status_with_a_long_failure_fits_the_schema() -> None:
    service = a_service()
    plan = planned(service)
    status = status_of(service, plan, failing(plan), {}, NOON)
    check(status)
    assert status["model"]["lastFailure"]["exitCode"] == 12


@pytest.mark.parametrize("case", REJECTED[-1:], ids=lambda case: case.sentence)
def test_a_status_of_a_refused_resource_fits_the_schema(case: Any) -> None:
    identity = a_service().identity
    check(status_of_rejected(identity, violations(case.resource.body), {}, NOON))
