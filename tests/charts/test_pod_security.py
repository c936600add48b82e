from __future__ import annotations

from typing import Any

import pytest
import yaml
from charts.pod_security import house_rules, pod_spec_of, violations
from charts.rendering import CASES, ROOT, rendered

PLANS = sorted((ROOT / "examples").glob("*/plan.yaml"))


def a_restricted_pod(**changes: Any) -> dict[str, Any]:
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True}
    container = {"name": "c", "securityContext": security | {"seccompProfile": {"type": "RuntimeDefault"}}}
    return {"containers": [container], **changes}


def with_security(**changes: Any) -> dict[str, Any]:
    pod = a_restricted_pod()
    pod["containers"][0]["securityContext"] |= changes
    return pod


def test_the_checker_accepts_a_restricted_pod() -> None:
    assert violations(a_restricted_pod()) == []


@pytest.mark.parametrize(
    ("pod", "complaint"),
    [
        (a_restricted_pod(hostNetwork=True), "hostNetwork"),
        (a_restricted_pod(volumes=[{"name": "v", "hostPath": {"path": "/"}}]), "hostPath"),
        (with_security(allowPrivilegeEscalation=True), "allowPrivilegeEscalation"),
        (with_security(privileged=True), "privileged"),
        (with_security(capabilities={}), "drop must hold ALL"),
        (with_security(capabilities={"drop": ["ALL"], "add": ["SYS_PTRACE"]}), "SYS_PTRACE"),
        (with_security(runAsNonRoot=False), "runAsNonRoot"),
        (with_security(runAsUser=0), "runAsUser is 0"),
        (with_security(seccompProfile={"type": "Unconfined"}), "Unconfined"),
        (with_security(procMount="Unmasked"), "procMount"),
    ],
)
def test_the_checker_names_what_restricted_refuses(pod: dict[str, Any], complaint: str) -> None:
    assert complaint in " ".join(violations(pod))


@pytest.mark.parametrize("case", CASES)
def test_every_pod_of_the_chart_is_restricted(case: str) -> None:
    pods = {f"{item['kind']} {item['metadata']['name']}": pod_spec_of(item) for item in rendered(case)}
    specs = {name: spec for name, spec in pods.items() if spec is not None}
    assert len(specs) == 2, "the operator and the helm test"
    for name, spec in specs.items():
        assert violations(spec) + house_rules(spec) == [], name


@pytest.mark.parametrize("plan", PLANS, ids=lambda path: path.parent.name)
def test_every_pod_of_an_example_is_restricted(plan: Any) -> None:
    objects = [item for item in yaml.safe_load_all(plan.read_text(encoding="utf-8")) if item]
    specs = [spec for item in objects if (spec := pod_spec_of(item)) is not None]
    assert specs, f"{plan} holds no pod"
    for spec in specs:
        assert violations(spec) + house_rules(spec) == []
        assert spec["automountServiceAccountToken"] is False
