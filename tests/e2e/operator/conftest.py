"""A real API server, a node of paper, and the operator as a process beside it: no image is needed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hack.cluster import addons, node, programs
from hack.cluster.layout import bin_dir
from hack.cluster.progress import Progress
from hack.demo.kubectl import Kube, KubectlRefused
from hack.e2e_site import BARE_CLUSTER
from sweep.paper import PaperNode
from tests.e2e.operator.local_operator import (
    INSTALLED,
    ROOT,
    SYSTEM,
    LocalOperator,
    kubeconfig_of_account,
    role_of_chart,
)


@pytest.fixture(scope="session")
def admin() -> Iterator[Kube]:
    """kubectl with all rights: on the cluster that KUBECONFIG names, or else on a node of these files alone.

    That has no operator but theirs, so nothing stands down for them and they disturb nobody.
    """
    if os.environ.get("KUBECONFIG"):
        kubectl = shutil.which("kubectl")
        assert kubectl, "KUBECONFIG is set and kubectl is not on PATH"
        yield Kube(Path(kubectl), Path(os.environ["KUBECONFIG"]), SYSTEM)
        return
    programs.ensure(Progress())
    bare = node.up(BARE_CLUSTER, Progress())
    addons.install_definitions(bare)
    yield Kube(bare.bin_dir / "kubectl", bare.kubeconfig, SYSTEM)
    node.down(BARE_CLUSTER, Progress())


@pytest.fixture(scope="session")
def helm() -> Path:
    """The program helm: on PATH, or the cluster's own."""
    return Path(shutil.which("helm") or bin_dir() / "helm")


@pytest.fixture(scope="module")
def account(admin: Kube, helm: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Credentials with the chart's role; an installed operator stands down meanwhile."""
    admin.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM}})
    admin.run("apply", "--server-side", "--force-conflicts", "-f", str(ROOT / "crds"))
    roles = role_of_chart(helm, SYSTEM)
    for one in roles:
        admin.apply(one)
    namespace, name = INSTALLED
    standing = admin.run("get", "deployment", name, "-n", namespace, "--ignore-not-found", "-o", "name")
    if standing:
        admin.run("scale", "deployment", name, "-n", namespace, "--replicas=0")
        admin.run("rollout", "status", "deployment", name, "-n", namespace, timeout=120)
    config = kubeconfig_of_account(admin, tmp_path_factory.mktemp("account") / "config")
    try:
        yield config
    finally:
        if standing:
            admin.run("scale", "deployment", name, "-n", namespace, "--replicas=2")
            admin.run("rollout", "status", "deployment", name, "-n", namespace, timeout=120)
        for one in roles:
            admin.delete(str(one["kind"]), str(one["metadata"]["name"]))  # type: ignore[index]
        admin.delete("namespace", SYSTEM)


@pytest.fixture(scope="module", autouse=True)
def paper_node(admin: Kube, account: Path) -> Iterator[PaperNode]:
    """A node on which nothing runs."""
    with PaperNode(admin) as node:
        yield node


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the replicas' logs lie."""
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="module")
def operator(account: Path, folder: Path) -> Iterator[LocalOperator]:
    """One replica that is ready; a test that ends it starts it again."""
    one = LocalOperator(account, folder, "replica-a")
    one.start()
    yield one
    one.kill()
    assert "Traceback" not in one.log, one.log


@pytest.fixture(scope="module")
def kube(admin: Kube, request: pytest.FixtureRequest) -> Iterator[Kube]:
    """kubectl in a namespace of the file's own, where Pod Security is enforced."""
    name = "operator-" + request.module.__name__.rsplit(".", 1)[-1].replace("_", "-")
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    made = Kube(admin.kubectl, admin.kubeconfig, name)
    made.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    yield made
    try:
        made.run("delete", "namespace", name, "--timeout=90s", timeout=100)
    except KubectlRefused as stuck:
        pytest.fail(f"the namespace does not go away: {stuck}")
