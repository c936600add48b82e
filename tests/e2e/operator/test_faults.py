"""The API server says no, names are taken, replicas die: what the operator says and how it goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hack.demo.kubectl import Kube, eventually
from tests.e2e.operator.local_operator import SYSTEM, LocalOperator
from tests.e2e.operator.paper_pods import resolve
from tests.e2e.operator.resources import paper

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
OURS = "serving.paddle-sla.io/service"
TAKE_OVER_SECONDS = 45.0  # a Lease of 15 s and a retry, on a busy machine


def test_an_object_of_somebody_else_is_not_taken_over(kube: Kube, operator: LocalOperator) -> None:
    kube.run("create", "configmap", "taken-sla", "--from-literal=precious=data")
    kube.apply(paper("taken"))
    condition = kube.wait_condition("taken", "Ready", "False", reason="NameTaken", timeout=20)
    assert "ConfigMap taken-sla" in condition["message"]
    assert kube.get("configmap", "taken-sla")["data"] == {"precious": "data"}
    kube.delete("configmap", "taken-sla")
    kube.wait_condition("taken", "Ready", "Unknown", reason="Resolving", timeout=60)
    kube.delete("pms", "taken")


def test_a_quota_is_told_with_the_servers_words_and_heals(kube: Kube, operator: LocalOperator) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"},
             "spec": {"hard": {"pods": "0"}}}  # fmt: skip
    kube.apply(quota)
    assert eventually(
        lambda: kube.get("resourcequota", "none").get("status") or None, 20, "the quota in force"
    )
    kube.apply(paper("poor"))
    condition = kube.wait_condition("poor", "Ready", "False", reason="PodsRefused", timeout=30)
    assert "exceeded quota" in condition["message"]
    kube.delete("resourcequota", "none")
    resolve(kube, "poor")  # the Job controller tries again by itself
    kube.delete("pms", "poor")


def test_a_missing_permission_is_named_and_heals_without_a_restart(
    kube: Kube, admin: Kube, operator: LocalOperator
) -> None:
    (role,) = [one for one in admin.list("clusterrole") if one["metadata"]["name"].startswith(SYSTEM)]
    name, rules = role["metadata"]["name"], role["rules"]
    fewer = [
        rule if "configmaps" not in rule["resources"] else without(rule, "create", "patch") for rule in rules
    ]
    admin.run("patch", "clusterrole", name, "--type=merge", "-p", json.dumps({"rules": fewer}))
    try:
        kube.apply(paper("barred"))
        condition = kube.wait_condition("barred", "Ready", "False", reason="Forbidden", timeout=30)
        assert 'cannot patch resource "configmaps"' in condition["message"]
        assert kube.conditions("barred")["Stalled"]["reason"] == "Forbidden"
        before = operator.log.count("barred: create ConfigMap barred-sla")
        time.sleep(10)
        assert operator.log.count("barred: create ConfigMap barred-sla") - before <= 5, "a hot loop"
    finally:
        admin.run("patch", "clusterrole", name, "--type=merge", "-p", json.dumps({"rules": rules}))
    kube.wait_condition("barred", "Ready", "Unknown", timeout=60)
    kube.delete("pms", "barred")


def without(rule: dict[str, Any], *verbs: str) -> dict[str, Any]:
    """A rule without some verbs."""
    return {**rule, "verbs": [verb for verb in rule["verbs"] if verb not in verbs]}


@pytest.fixture
def standby(account: Path, folder: Path, operator: LocalOperator) -> Iterator[LocalOperator]:
    """A second replica."""
    one = LocalOperator(account, folder, "replica-b")
    one.start()
    yield one
    one.kill()


def holder(admin: Kube) -> str:
    """Which replica holds the Lease."""
    return str(admin.get("lease", "paddle-operator")["spec"].get("holderIdentity", ""))


def test_a_standby_is_ready_writes_nothing_and_takes_over_from_a_dead_leader(
    kube: Kube, admin: Kube, operator: LocalOperator, standby: LocalOperator
) -> None:
    assert eventually(lambda: holder(admin) == "replica-a" or None, 30, "replica-a leads")
    kube.apply(paper("early"))
    kube.wait_condition("early", "Ready", "Unknown", timeout=20)
    assert "create" not in standby.log
    assert standby.probe("readyz") == 200
    operator.kill()
    killed = time.monotonic()
    kube.apply(paper("late"))
    kube.wait_condition("late", "Ready", "Unknown", timeout=TAKE_OVER_SECONDS)
    print(f"taken over {time.monotonic() - killed:.1f} s after the leader's death")
    assert holder(admin) == "replica-b"
    operator.start()
    for name in ("early", "late"):
        kube.delete("pms", name)


def test_a_leader_that_is_told_to_stop_hands_over_at_once_and_leaves_no_heartbeat(
    admin: Kube, operator: LocalOperator, standby: LocalOperator
) -> None:
    assert eventually(lambda: holder(admin) or None, 30, "a leader")
    leader, other = (operator, standby) if holder(admin) == operator.name else (standby, operator)
    took = leader.stop()
    assert took < 5, f"stopping took {took:.1f} s\n{leader.log}"
    assert eventually(lambda: holder(admin) == other.name or None, 6, "the other replica leads")
    heartbeats = [one["metadata"]["name"] for one in admin.list("lease")]
    assert f"paddle-operator-heartbeat-{leader.name}" not in heartbeats
    assert f"paddle-operator-heartbeat-{other.name}" in heartbeats
    if leader is operator:
        operator.start()


def test_the_liveness_probe_answers_while_the_heartbeat_comes_back(operator: LocalOperator) -> None:
    assert operator.probe("healthz") == 200
