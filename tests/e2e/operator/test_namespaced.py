"""The operator with rights in two namespaces and none beyond them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hack.demo.kubectl import Kube
from tests.e2e.operator.local_operator import LocalOperator, kubeconfig_of_account, role_of_chart
from tests.e2e.operator.resources import paper

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240), pytest.mark.usefixtures("account")]
HOME = "operator-e2e-home"


@pytest.fixture(scope="module")
def home(admin: Kube) -> Iterator[Kube]:
    """The namespace in which the operator itself lives."""
    made = Kube(admin.kubectl, admin.kubeconfig, HOME)
    made.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HOME}})
    yield made
    made.delete("namespace", HOME)


@pytest.fixture(scope="module")
def namespaced(home: Kube, kube: Kube, helm: Path, folder: Path) -> Iterator[LocalOperator]:
    """An operator that serves its own namespace and the file's."""
    values = ("watch.mode=Namespaced", f"watch.namespaces={{{kube.namespace}}}")
    for one in role_of_chart(helm, HOME, *values):
        assert not str(one["kind"]).startswith("Cluster")
        namespace = one["metadata"]["namespace"]  # type: ignore[index]
        Kube(home.kubectl, home.kubeconfig, namespace).apply(one)
    config = kubeconfig_of_account(home, folder / "config")
    settings = {"PADDLE_OPERATOR_NAMESPACE": HOME, "PADDLE_OPERATOR_WATCH_NAMESPACES": kube.namespace}
    one = LocalOperator(config, folder, "namespaced", settings)
    one.start()
    yield one
    one.kill()
    assert "Traceback" not in one.log, one.log


def test_it_is_ready_serves_its_namespaces_and_leaves_the_others_alone(
    admin: Kube, kube: Kube, namespaced: LocalOperator
) -> None:
    admin.apply(paper("elsewhere"))
    kube.apply(paper("here"))
    kube.wait_condition("here", "Ready", "Unknown", reason="Resolving", timeout=20)
    kube.delete("configmap", "here-sla")
    kube.run("wait", "configmap/here-sla", "--for=create", "--timeout=15s")
    assert "status" not in admin.get("pms", "elsewhere")
    assert namespaced.probe("healthz") == 200
    for where in (admin, kube):
        where.run("delete", "pms", "--all")
