"""A real API server accepts the CRD and says of every example resource what our own parser says."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hack.cluster import node
from hack.cluster.layout import bin_dir
from hack.cluster.progress import Progress
from hack.generated import crd, example_plans
from paddle_operator.spec.rules import RULES
from tests.contract.corpus import ACCEPTED, DUPLICATES, MISSHAPEN, OURS_ALONE, REJECTED, Case

pytestmark = pytest.mark.e2e
NAMESPACE = "contract-api-server"
Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def kubectl() -> Iterator[Kubectl]:
    """kubectl in a namespace of its own with Pod Security `restricted` enforced, the CRD installed."""
    kubeconfig = os.environ.get("KUBECONFIG") or str(node.up("e2e", Progress()).kubeconfig)
    program = bin_dir() / "kubectl"

    def call(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        command = [str(program), "--kubeconfig", kubeconfig, *arguments]
        return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)

    for definition in (crd.CRD, crd.REPORT_CRD):
        assert call("apply", "--server-side", "--force-conflicts", "-f", str(definition)).returncode == 0
        call("wait", "--for=condition=Established", "-f", str(definition), "--timeout=30s")
    call("create", "namespace", NAMESPACE)
    call("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted", "--overwrite")
    yield call
    call("delete", "namespace", NAMESPACE, "--wait=false")


def answer(kubectl: Kubectl, case: Case) -> str:
    """What the API server says to a resource; empty when it accepts it."""
    body = case.resource.with_("metadata.namespace", NAMESPACE).with_("metadata.uid", None)
    text = json.dumps(body.with_("metadata.generation", None).body)
    done = kubectl("create", "--dry-run=server", "-f", "-", text=text)
    return done.stderr if done.returncode else ""


def test_the_api_server_agrees_with_the_parser(kubectl: Kubectl) -> None:
    disagreements = []
    for case in (*ACCEPTED, *REJECTED, *(Case(one.sentence, one.resource) for one in OURS_ALONE)):
        said = answer(kubectl, case)
        broken = {rule.name for rule in RULES if rule.message in said}
        if broken != set(case.breaks) or bool(said) != bool(case.breaks):
            disagreements.append(f"{case.sentence}: {sorted(broken)} for {sorted(case.breaks)}: {said}")
    assert disagreements == []


def test_what_the_schema_refuses_is_refused(kubectl: Kubectl) -> None:
    accepted = [case.sentence for case in (*DUPLICATES, *MISSHAPEN) if not answer(kubectl, case)]
    assert accepted == []


def test_an_unknown_field_is_refused_by_kubectl(kubectl: Kubectl) -> None:
    said = answer(kubectl, Case("", ACCEPTED[0].resource.with_("spec.modle", "x")))
    assert 'unknown field "spec.modle"' in said


@pytest.mark.parametrize("folder", example_plans.examples(), ids=lambda folder: folder.name)
def test_every_object_of_an_examples_plan_is_accepted_under_pod_security_restricted(
    kubectl: Kubectl, folder: Path
) -> None:
    text = (folder / "plan.yaml").read_text()
    kinds = ("HTTPRoute", "BackendTrafficPolicy", "ScaledObject", "PrometheusRule", "PodMonitor")
    documents = [
        one for one in text.split("---\n")[1:] if not any(f"kind: {kind}\n" in one for kind in kinds)
    ]
    text = "---\n".join(documents).replace("namespace: demo\n", f"namespace: {NAMESPACE}\n")
    text = text.replace("namespace: default\n", f"namespace: {NAMESPACE}\n")
    done = kubectl("apply", "--server-side", "--dry-run=server", "-f", "-", text=text)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
