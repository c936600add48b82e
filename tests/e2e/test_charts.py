"""The charts on a real API server: rights that suffice, a picture read, upgrades that restart nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from hack.demo.kubectl import Kube, KubectlRefused
from hack.e2e_site import one_at_a_time
from tests.e2e.testbed import Testbed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
ROOT = Path(__file__).resolve().parents[2]
SYSTEM = "paddle-sla-system"
OPERATOR = "paddle-sla-operator"
CRD = "paddlemodelservices.serving.paddle-sla.io"


def helm(site: Testbed, *arguments: str, namespace: str = SYSTEM) -> str:
    """Standard output of helm; its standard error is in the failure."""
    program = [str(site.site.helm), "--kubeconfig", str(site.site.kubeconfig), "--namespace", namespace]
    done = subprocess.run([*program, *arguments], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"helm {' '.join(arguments)}: {done.stderr}{done.stdout}"
    return done.stdout


def upgrade(site: Testbed, chart: str, *arguments: str, namespace: str = SYSTEM) -> None:
    """helm upgrade --install from this tree, waiting until it is there."""
    where = [chart, str(ROOT / "charts" / chart)]
    helm(site, "upgrade", "--install", *where, "--wait", "--timeout", "3m", *arguments, namespace=namespace)


def operator_pods(kube: Kube) -> dict[str, int]:
    """The operator's pods and how often each was restarted."""
    pods = kube.list("pods", f"app.kubernetes.io/name={OPERATOR}")
    return {
        pod["metadata"]["name"]: sum(status["restartCount"] for status in pod["status"]["containerStatuses"])
        for pod in pods
    }


def may(kube: Kube, account: str, verb: str, resource: str, *where: str) -> bool:
    """`kubectl auth can-i` for a service account: it answers by its exit code. RESOURCE may be kind:part."""
    kind, _, part = resource.partition(":")
    asked = [
        verb,
        kind,
        f"--as=system:serviceaccount:{account}",
        *([f"--subresource={part}"] if part else []),
    ]
    try:
        kube.run("auth", "can-i", *asked, *where)
    except KubectlRefused:
        return False
    return True


def test_helm_test_recognises_the_picture_in_a_restricted_namespace(site: Testbed) -> None:
    said = helm(site, "test", OPERATOR, "--logs", "--timeout", "5m")
    assert "PADDLESLA2026" in said
    assert "服务等级协议" in said


def test_an_upgrade_with_the_same_values_restarts_nothing(site: Testbed) -> None:
    before = operator_pods(site.kube(SYSTEM))
    upgrade(site, OPERATOR, "--reuse-values")
    assert operator_pods(site.kube(SYSTEM)) == before


def test_the_operator_may_not_read_secrets_enter_pods_or_write_specs(site: Testbed) -> None:
    kube, account = site.kube(SYSTEM), f"{SYSTEM}:{OPERATOR}"
    assert may(kube, account, "patch", "deployments.apps", "-n", "default")
    assert may(kube, account, "patch", "paddlemodelservices.serving.paddle-sla.io:status", "-n", "default")
    for verb, resource in [
        ("get", "secrets"),
        ("list", "secrets"),
        ("create", "pods:exec"),
        ("create", "pods"),
        ("patch", "paddlemodelservices.serving.paddle-sla.io"),
        ("update", "leases.coordination.k8s.io"),
    ]:
        assert not may(kube, account, verb, resource, "-n", "default"), f"{verb} {resource}"


def test_a_namespaced_operator_comes_up_with_rights_in_its_namespace_only(site: Testbed, kube: Kube) -> None:
    values = helm(site, "get", "values", OPERATOR, "--output", "yaml")
    given = ROOT / "build" / "namespaced-values.yaml"
    given.parent.mkdir(exist_ok=True)
    given.write_text(values, encoding="utf-8")
    own = ("--values", str(given), "--set", "watch.mode=Namespaced,replicas=1")
    upgrade(site, OPERATOR, *own, namespace=kube.namespace)
    try:
        account = f"{kube.namespace}:{OPERATOR}"
        assert may(kube, account, "patch", "deployments.apps")
        assert not may(kube, account, "list", "pods", "-n", "default")
        assert not may(kube, account, "list", "customresourcedefinitions.apiextensions.k8s.io")
        kube.run("rollout", "status", f"deployment/{OPERATOR}", "--timeout=120s", timeout=150)
        said = kube.run("logs", "-l", f"app.kubernetes.io/name={OPERATOR}", "--tail=-1")
        assert "forbidden" not in said.lower(), said
    finally:
        helm(site, "uninstall", OPERATOR, "--wait", namespace=kube.namespace)


def test_the_definition_outlives_its_chart(site: Testbed) -> None:
    kube = site.kube(SYSTEM)
    before = kube.get("crd", CRD)["metadata"]["uid"]
    with one_at_a_time():
        helm(site, "uninstall", "paddle-sla-crds")
        assert kube.get("crd", CRD)["metadata"]["uid"] == before
        upgrade(site, "paddle-sla-crds")
    assert kube.get("crd", CRD)["metadata"]["uid"] == before


@pytest.mark.parametrize("folder", ["deploy", "deploy/namespaced"])
def test_the_api_server_takes_the_plain_install_files(site: Testbed, folder: str) -> None:
    built = site.kube(SYSTEM).run("kustomize", str(ROOT / folder))
    applied = ("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-")
    said = site.kube(SYSTEM).run(*applied, stdin=built)
    assert f"deployment.apps/{OPERATOR} serverside-applied (server dry run)" in said


@pytest.mark.parametrize(
    "example", sorted((ROOT / "examples").glob("*/service.yaml")), ids=lambda p: p.parent.name
)
def test_the_api_server_takes_every_example_server_side(kube: Kube, example: Path) -> None:
    """As Argo CD and Flux send it: merging by field sees a schema that kubectl's own apply does not."""
    bodies = list(yaml.safe_load_all(example.read_text(encoding="utf-8")))
    for body in bodies:
        body["metadata"].pop("namespace", None)
    said = kube.run("apply", "--server-side", "--dry-run=server", "-f", "-", stdin=yaml.safe_dump_all(bodies))
    assert said.count("serverside-applied") == len(bodies)
