"""A real API server accepts the CRD and says of every example resource what our own parser says."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hack.demo.site import CHARTS, CRDS, RESTRICTED, ROOT, SYSTEM
from hack.generated import example_plans
from paddle_operator import names
from paddle_operator.spec.rules import RULES
from tests.contract.api_server import ApiServer, api_server
from tests.contract.corpus import ACCEPTED, DUPLICATES, MISSHAPEN, OURS_ALONE, REJECTED, Case
from tests.operator.given import Resource, a_resource

pytestmark = pytest.mark.e2e
NAMESPACE = "contract-api-server"


@pytest.fixture(scope="module")
def kubectl() -> Iterator[ApiServer]:
    """kubectl in a namespace of its own with Pod Security `restricted` enforced."""
    with api_server(NAMESPACE) as found:
        found("label", "namespace", NAMESPACE, *(f"{name}={value}" for name, value in RESTRICTED.items()))
        yield found


def test_the_definitions_are_the_charts_own_so_that_it_can_be_installed_later(kubectl: ApiServer) -> None:
    for definition in CRDS:
        metadata = json.loads(kubectl("get", "crd", definition, "-o", "json").stdout)["metadata"]
        assert metadata["annotations"]["meta.helm.sh/release-name"] == CHARTS[0]
        assert metadata["annotations"]["meta.helm.sh/release-namespace"] == SYSTEM
    again = kubectl.helm("upgrade", "--install", CHARTS[0], str(ROOT / "charts" / CHARTS[0]))
    assert again.returncode == 0, again.stderr


def answer(kubectl: ApiServer, case: Case) -> str:
    """What the API server says to a resource; empty when it accepts it."""
    body = case.resource.with_("metadata.namespace", NAMESPACE).with_("metadata.uid", None)
    text = json.dumps(body.with_("metadata.generation", None).body)
    done = kubectl("create", "--dry-run=server", "-f", "-", text=text)
    return done.stderr if done.returncode else ""


def test_the_api_server_agrees_with_the_parser(kubectl: ApiServer) -> None:
    disagreements = []
    for case in (*ACCEPTED, *REJECTED, *(Case(one.sentence, one.resource) for one in OURS_ALONE)):
        said = answer(kubectl, case)
        broken = {rule.name for rule in RULES if rule.message in said}
        if broken != set(case.breaks) or bool(said) != bool(case.breaks):
            disagreements.append(f"{case.sentence}: {sorted(broken)} for {sorted(case.breaks)}: {said}")
    assert disagreements == []


def test_what_the_schema_refuses_is_refused(kubectl: ApiServer) -> None:
    accepted = [case.sentence for case in (*DUPLICATES, *MISSHAPEN) if not answer(kubectl, case)]
    assert accepted == []


def test_an_unknown_field_is_refused_by_kubectl(kubectl: ApiServer) -> None:
    said = answer(kubectl, Case("", ACCEPTED[0].resource.with_("spec.modle", "x")))
    assert 'unknown field "spec.modle"' in said


def scale_of(kubectl: ApiServer, name: str) -> subprocess.CompletedProcess[str]:
    """The subresource, read."""
    place = f"apis/{names.API_VERSION}/namespaces/{NAMESPACE}/{names.PLURAL}/{name}/scale"
    return kubectl("get", "--raw", f"/{place}")


def create(kubectl: ApiServer, resource: Resource) -> None:
    body = resource.with_("metadata.namespace", NAMESPACE).with_("metadata.uid", None)
    done = kubectl("create", "-f", "-", text=json.dumps(body.with_("metadata.generation", None).body))
    assert done.returncode == 0, done.stderr


def test_a_number_that_nobody_gave_can_be_scaled_and_not_read_before(kubectl: ApiServer) -> None:
    create(kubectl, a_resource().named("unscaled"))
    assert (
        'spec replicas field ".spec.scaling.replicas" does not exist' in scale_of(kubectl, "unscaled").stderr
    )
    done = kubectl("scale", "pms/unscaled", "--replicas=4")
    assert done.returncode == 0, done.stderr
    assert json.loads(scale_of(kubectl, "unscaled").stdout)["spec"]["replicas"] == 4


@pytest.mark.parametrize(
    ("resource", "number", "said"),
    [
        (a_resource().named("stopped").replicas(2), 0, "greater than or equal to 1"),
        (a_resource().named("scaled").scaled(), 4, "replicas is for a number that no scaler changes"),
    ],
    ids=["to nothing", "beside a scaler"],
)
def test_a_scale_that_cannot_be_is_refused_with_the_reason(
    kubectl: ApiServer, resource: Resource, number: int, said: str
) -> None:
    create(kubectl, resource)
    name = resource.body["metadata"]["name"]
    done = kubectl("scale", f"pms/{name}", f"--replicas={number}")
    assert done.returncode != 0
    assert said in done.stderr


@pytest.mark.parametrize("folder", example_plans.examples(), ids=lambda folder: folder.name)
def test_every_object_of_an_examples_plan_is_accepted_under_pod_security_restricted(
    kubectl: ApiServer, folder: Path
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
