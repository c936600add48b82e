from __future__ import annotations

from typing import Any

import pytest
import yaml
from charts.rendering import CASES, NAMESPACE, ROOT, of_kind, rendered

from paddle_operator.cluster.kinds import BY_KEY, LEASE, POD, REPORT, SCALERS, SERVICE_RESOURCE, WATCHED

ROLES = ("Role", "ClusterRole")


def rules_of(case: str) -> list[dict[str, Any]]:
    """What the operator's own account is bound to; the aggregated roles are for people."""
    roles = [role for kind in ROLES for role in of_kind(rendered(case), kind)]
    own = [role for role in roles if not any("aggregate-to" in label for label in role["metadata"]["labels"])]
    return [rule for role in own for rule in role["rules"]]


@pytest.mark.parametrize("case", CASES)
def test_no_secret_no_exec_no_wildcard_no_escalation(case: str) -> None:
    for rule in rules_of(case):
        assert not {"secrets", "pods/exec", "pods/attach", "pods/log", "pods/portforward"} & set(
            rule["resources"]
        )
        assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
        assert not {"escalate", "bind", "impersonate", "deletecollection"} & set(rule["verbs"])


@pytest.mark.parametrize("case", CASES)
def test_the_users_resource_is_read_and_only_its_status_written(case: str) -> None:
    named = {
        (name, tuple(sorted(rule["verbs"])))
        for rule in rules_of(case)
        for name in rule["resources"]
        if name.startswith("paddlemodelservices")
    }
    read, written = (
        ("paddlemodelservices", ("get", "list", "watch")),
        ("paddlemodelservices/status", ("patch",)),
    )
    assert named == (set() if case == "everything-off" else {read, written})


def test_reports_are_made_and_deleted_and_their_question_never_changed() -> None:
    named = {
        (name, tuple(sorted(rule["verbs"])))
        for rule in rules_of("defaults")
        for name in rule["resources"]
        if name.startswith("modelslareports")
    }
    read_and_made = ("modelslareports", ("create", "delete", "get", "list", "watch"))
    assert named == {read_and_made, ("modelslareports/status", ("patch",))}


def granted(verbs: set[str]) -> set[tuple[str, str]]:
    """(group, resource) of everything on which the operator has all these verbs."""
    rules = [rule for rule in rules_of("namespaced") if verbs <= set(rule["verbs"])]
    return {(group, name) for rule in rules for group in rule["apiGroups"] for name in rule["resources"]}


def test_the_operator_may_write_the_kinds_of_the_example_plans_and_no_others() -> None:
    plans = (ROOT / "examples").glob("*/plan.yaml")
    objects = [
        item for plan in plans for item in yaml.safe_load_all(plan.read_text(encoding="utf-8")) if item
    ]
    kinds = {BY_KEY[(item["apiVersion"], item["kind"])] for item in objects}
    written = {(kind.group, kind.plural) for kind in kinds}
    assert granted({"create", "patch", "delete"}) == written | {(LEASE.group, LEASE.plural)}


def test_the_operator_may_watch_what_it_owns_and_its_pods_and_nothing_else() -> None:
    kinds = {(kind.group, kind.plural) for kind in (*WATCHED, SERVICE_RESOURCE, REPORT, POD, LEASE)}
    assert granted({"list", "watch"}) == kinds
    assert granted({"list", "get"}) >= {(kind.group, kind.plural) for kind in SCALERS}


def test_nodes_are_only_listed_and_only_where_the_whole_cluster_is_served() -> None:
    verbs = [rule["verbs"] for rule in rules_of("defaults") if "nodes" in rule["resources"]]
    assert verbs == [["list"]]
    assert not [rule for rule in rules_of("namespaced") if "nodes" in rule["resources"]]


def test_of_pods_nothing_is_written_but_by_patch() -> None:
    (verbs,) = (rule["verbs"] for rule in rules_of("defaults") if "pods" in rule["resources"])
    assert sorted(verbs) == ["list", "patch", "watch"]


@pytest.mark.parametrize("case", ["namespaced", "two-namespaces"])
def test_namespaced_mode_creates_nothing_cluster_wide(case: str) -> None:
    assert [item["kind"] for item in rendered(case) if item["kind"].startswith("Cluster")] == []


def test_namespaced_mode_has_a_role_in_each_namespace_and_in_its_own() -> None:
    roles = [role["metadata"] for role in of_kind(rendered("two-namespaces"), "Role")]
    assert sorted((role["namespace"], role["name"]) for role in roles) == [
        (NAMESPACE, "paddle-sla-operator"),
        (NAMESPACE, "paddle-sla-operator-leases"),
        ("team-a", "paddle-sla-operator"),
        ("team-b", "paddle-sla-operator"),
    ]


def test_leases_are_written_in_the_own_namespace_only() -> None:
    verbs = [
        rule["verbs"]
        for role in of_kind(rendered("defaults"), "ClusterRole")
        for rule in role["rules"]
        if "leases" in rule["resources"]
    ]
    assert verbs == [["list", "watch"]]


@pytest.mark.parametrize("case", CASES)
def test_every_binding_binds_a_role_that_exists_to_the_pods_account(case: str) -> None:
    objects = rendered(case)
    account = of_kind(objects, "Deployment")[0]["spec"]["template"]["spec"]["serviceAccountName"]
    roles = {(role["kind"], role["metadata"]["name"]) for kind in ROLES for role in of_kind(objects, kind)}
    bindings = of_kind(objects, "RoleBinding") + of_kind(objects, "ClusterRoleBinding")
    for binding in bindings:
        assert (binding["roleRef"]["kind"], binding["roleRef"]["name"]) in roles
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}]
    assert bool(bindings) is (case != "everything-off")
