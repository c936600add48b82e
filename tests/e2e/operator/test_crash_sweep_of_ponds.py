"""The sweep knows nothing of ours: a small operator of another kind, too, is swept at a real API server."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hack.demo.kubectl import Kube, eventually
from sweep.access import Access
from sweep.proxy import Fault
from sweep.report import report
from sweep.rounds import sweep
from sweep.story import Followed, Launch, Step, Subject
from sweep.trial import Site
from tests.e2e.operator.local_operator import ROOT

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
PONDS = ROOT / "tests" / "sweep" / "ponds.py"
GROUP = "example.com"
FISH = {"type": "object", "properties": {"fish": {"type": "integer"}}}
VERSION = {
    "name": "v1",
    "served": True,
    "storage": True,
    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": FISH}}},
}
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"ponds.{GROUP}"},
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"plural": "ponds", "singular": "pond", "kind": "Pond"},
        "versions": [VERSION],
    },
}
LAST_HANDLED = "kopf.zalando.org/last-handled-configuration"
WAIT_SECONDS = 120.0


@pytest.fixture(scope="module", autouse=True)
def ponds_are_known(admin: Kube) -> Iterator[None]:
    admin.apply(DEFINITION)
    admin.run("wait", f"crd/ponds.{GROUP}", "--for=condition=Established", "--timeout=60s", timeout=70)
    yield
    admin.delete("crd", f"ponds.{GROUP}")


@pytest.fixture
def place(admin: Kube, tmp_path: Path) -> Site:
    access = Access.of(admin.kubeconfig)
    return Site(access, access, tmp_path)


@pytest.fixture
def story(admin: Kube) -> Subject:
    steps = [Step("three fish", stocked(admin, 3)), Step("four fish", stocked(admin, 4))]
    compared = ["v1/configmaps", f"{GROUP}/v1/ponds"]
    return Subject(launch, steps, compared, followed=[Followed("v1/configmaps", "/data/fish")])


def launch(_: Path, namespace: str, replica: int) -> Launch:
    return Launch([sys.executable, "-m", "kopf", "run", "--standalone", "-n", namespace, str(PONDS)])


def stocked(admin: Kube, fish: int) -> Callable[[str], None]:
    """A pond is made or changed; then its ConfigMap says so, and kopf has noted that it is done."""

    def act(namespace: str) -> None:
        kube = Kube(admin.kubectl, admin.kubeconfig, namespace)
        pond = {"apiVersion": f"{GROUP}/v1", "kind": "Pond", "metadata": {"name": "koi"}}
        kube.apply({**pond, "spec": {"fish": fish}})

        def done() -> bool | None:
            said = [one.get("data", {}).get("fish") for one in kube.list("configmaps")]
            noted = kube.get("pond", "koi")["metadata"]["annotations"].get(LAST_HANDLED, "")
            return (str(fish) in said and f'"fish":{fish}' in noted) or None

        eventually(done, WAIT_SECONDS, lambda: kube.run("get", "ponds,configmaps", "-o", "yaml"))

    return act


@pytest.mark.parametrize("fault", [Fault.KILL, Fault.DROP, Fault.REFUSE])
async def test_ponds_come_out_the_same_whatever_write_was_the_last(
    story: Subject, place: Site, fault: Fault, record_property: Callable[[str, object], None]
) -> None:
    found = await sweep(story, place, [fault], at_once=4, tell=print)
    record_property("writes", len(found.points))
    record_property("not_reached", len(found.not_reached))
    assert found.violations + found.not_reached == [], report(found)
    assert found.counts == {"configmaps created": 1}


async def test_ponds_are_caught_by_a_write_that_comes_late(story: Subject, place: Site) -> None:
    """They make their ConfigMap under no precondition: what comes late turns it back."""
    found = await sweep(
        story, place, [Fault.LATE], choose=lambda points: points[:1], two_at_once=True, at_once=3, tell=print
    )
    told = "late PATCH configmaps/koi #1: v1/configmaps/koi /data/fish: was ['3', '4', '3'"
    assert any(line.startswith(told) for line in found.violations), report(found)
    assert not any(line.startswith("undisturbed") for line in found.violations), report(found)
