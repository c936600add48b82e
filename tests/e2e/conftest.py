"""One embedded cluster for all end-to-end tests; one namespace, with Pod Security enforced, for each file."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from hack.cluster.api import ClusterInfo
from hack.cluster.constants import SYSTEM_NAMESPACE
from hack.cluster.errors import ClusterError
from hack.cluster.progress import Progress
from hack.demo.embedded import embedded_site, site_of
from hack.demo.kubectl import Kube
from hack.e2e_site import CLUSTER, one_at_a_time
from tests.e2e.testbed import Testbed
from tests.e2e.wrapped_runtime import FAULTY, wrapped_runtime


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the operators said last goes with a failure: nobody sees the cluster that it was on again."""
    report = yield
    site, kube = (item.funcargs.get(name) for name in ("site", "kube"))
    if report.failed and isinstance(site, Testbed) and isinstance(kube, Kube):
        told = site.kube(SYSTEM_NAMESPACE)
        selected = ("-l", "app.kubernetes.io/name=paddle-sla-operator", "--tail=400")
        try:
            lines = told.run("logs", *selected).splitlines()
            restarts = told.run("get", "pods", "-A", "--no-headers").splitlines()
        except ClusterError as unheard:
            lines, restarts = [str(unheard)], []
        about = [line for line in lines if f"{kube.namespace}/" in line][-25:]
        again = [line for line in restarts if "ago)" in line]
        report.sections.append(("the operators, and pods that began again", "\n".join([*about, *again])))
    return report


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Testbed:
    """The cluster `e2e` with images, charts and bundles; it is left running, and the next run reuses it.

    The first of a run's processes brings it up; the others wait for that and change nothing.
    """
    cluster = ClusterInfo(CLUSTER)
    one_of_several = worker_id != "master"
    is_up = tmp_path_factory.getbasetemp().parent / "site-is-up"  # in the run's own folder
    with one_at_a_time():
        if one_of_several and is_up.exists():
            return Testbed(site_of(cluster), cluster)
        found = Testbed(embedded_site(CLUSTER, Progress()), cluster)
        if one_of_several:
            is_up.touch()
        return found


@pytest.fixture(scope="session")
def faulty(site: Testbed) -> str:
    """The runtime's image with a fault, which the environment FAULT names."""
    return wrapped_runtime(site.cluster, FAULTY, Progress())


@pytest.fixture(scope="module")
def kube(site: Testbed, request: pytest.FixtureRequest) -> Iterator[Kube]:
    """kubectl in a fresh namespace named after the file; its deletion is begun afterwards."""
    name = request.module.__name__.rsplit(".", 1)[-1].replace("_", "-")
    site.kube(name).delete("namespace", name)  # of an earlier run, whole or on its way out
    site.site.make_namespace(name)
    yield site.kube(name)
    site.kube(name).delete(
        "namespace", name, "--wait=false"
    )  # half a minute of draining, beside the next file
