"""The dashboard as an object: there where it is wanted, and it follows the promise."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from paddle_operator import names
from paddle_operator.plan import Plan
from paddle_operator.plan.diff import Delete, diff
from tests.operator.given import EVERY_DEVICE, UID, Resource, a_resource, a_service, planned

WITH = replace(EVERY_DEVICE, dashboards=True)


def made(resource: Resource, *, wanted: bool = True) -> Plan:
    return planned(a_service(resource), platform=WITH if wanted else EVERY_DEVICE)


def dashboard_of(plan: Plan) -> dict[str, Any] | None:
    found = [item for item in plan.objects if item["metadata"]["name"].endswith("-dashboard")]
    return found[0] if found else None


def deployments(plan: Plan) -> list[dict[str, Any]]:
    return [item for item in plan.objects if item["kind"] == "Deployment"]


def test_it_is_a_configmap_that_the_sidecar_finds_with_the_hash_of_the_promise() -> None:
    plan = made(a_resource())
    found = dashboard_of(plan)
    assert found is not None
    assert (found["kind"], found["metadata"]["name"]) == ("ConfigMap", "ocr-dashboard")
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert found["metadata"]["annotations"] == {names.ANNOTATION_SLA_HASH: plan.sla_hash}
    ((file, text),) = found["data"].items()
    assert file == "prod.ocr.json"
    assert json.loads(text)["title"] == "prod / ocr"


def test_it_is_left_out_where_none_is_wanted_and_one_that_is_there_goes() -> None:
    assert dashboard_of(made(a_resource(), wanted=False)) is None
    there = dashboard_of(made(a_resource()))
    assert there is not None
    there["metadata"]["uid"] = "uid-dashboard"
    actions = diff(made(a_resource(), wanted=False), [there], UID)
    assert [one.key.name for one in actions if isinstance(one, Delete)] == ["ocr-dashboard"]


def test_another_promise_changes_it_and_no_pod() -> None:
    edited = a_resource().promising({"name": "up", "availability": {"targetPercent": "99"}})
    before, after = made(a_resource()), made(edited)
    assert dashboard_of(before) != dashboard_of(after)
    assert deployments(before) == deployments(after) != []
