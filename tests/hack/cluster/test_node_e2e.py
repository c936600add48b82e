"""The node for real, under a name of its own: up, what it survives, and that nothing is left of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hack.cluster import health, leftovers, node
from hack.cluster.api import ClusterInfo
from hack.cluster.constants import PAUSE_IMAGE
from hack.cluster.processes import first_process, owned
from hack.cluster.progress import Progress

pytestmark = pytest.mark.e2e
NAME = "test"
ROOT = Path(__file__).parents[3]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "hack.cluster", *arguments, "--name", NAME]


def eventually(what: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def restricted_pod(name: str) -> str:
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {"name": "pause", "image": PAUSE_IMAGE, "securityContext": security}
    spec = {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "terminationGracePeriodSeconds": 0,
        "containers": [container],
    }
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})


def phase(cluster: ClusterInfo, pod: str) -> str:
    return cluster.kubectl("get", "pod", pod, "-o", "jsonpath={.status.phase}", check=False).stdout


@pytest.fixture(name="cluster", scope="module")
def a_node_of_our_own() -> Iterator[ClusterInfo]:
    yield node.up(NAME, Progress())
    node.down(NAME, Progress())


def test_a_restricted_pod_runs(cluster: ClusterInfo) -> None:
    cluster.kubectl(
        *("label", "--overwrite", "namespace", "default", "pod-security.kubernetes.io/enforce=restricted")
    )
    cluster.kubectl("apply", "-f", "-", stdin=restricted_pod("one"))
    assert eventually(lambda: phase(cluster, "one") == "Running", 30)


def test_pod_security_refuses_a_pod_that_asks_for_more(cluster: ClusterInfo) -> None:
    asking = json.loads(restricted_pod("two"))
    asking["spec"]["hostNetwork"] = True
    refused = cluster.kubectl("apply", "-f", "-", stdin=json.dumps(asking), check=False)
    assert refused.returncode != 0
    assert "violates PodSecurity" in refused.stderr


def test_the_audit_log_names_who_wrote_what(cluster: ClusterInfo) -> None:
    cluster.kubectl("create", "configmap", "audited")
    cluster.kubectl("get", "configmap", "audited")
    lines = [json.loads(line) for line in cluster.audit_log.read_text().splitlines()]
    about = [line for line in lines if line["objectRef"].get("name") == "audited"]
    assert [(line["verb"], line["user"]["username"]) for line in about] == [("create", "kubernetes-admin")]


def test_a_second_up_changes_nothing_and_is_quick(cluster: ClusterInfo) -> None:
    before, started = first_process(NAME), time.monotonic()
    node.up(NAME, Progress())
    assert first_process(NAME) == before
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("component", ["kubelet", "kube-apiserver", "etcd", "containerd"])
def test_a_killed_component_comes_back_and_pods_stay(cluster: ClusterInfo, component: str) -> None:
    before = health.running_components(cluster)[component]["starts"]
    cluster.kill_component(component)
    assert eventually(
        lambda: health.running_components(cluster).get(component, {}).get("starts") == before + 1, 20
    )
    assert eventually(lambda: health.readiness(cluster)[0], 40)
    assert phase(cluster, "one") == "Running"


def test_a_killed_container_is_started_again_in_the_same_pod(cluster: ClusterInfo) -> None:
    cluster.kill_container("default", "one", "pause")
    shape = "jsonpath={.status.containerStatuses[0].restartCount}"
    assert eventually(lambda: cluster.kubectl("get", "pod", "one", "-o", shape).stdout == "1", 30)


def test_the_missing_link_is_repaired_by_up(cluster: ClusterInfo) -> None:
    subprocess.run(["ip", "link", "del", "psla-test"], check=True)
    assert not health.readiness(cluster)[0]
    node.up(NAME, Progress())
    assert health.readiness(cluster)[0]


def test_a_node_killed_as_a_whole_is_replaced_by_a_fresh_one(cluster: ClusterInfo) -> None:
    first = first_process(NAME)
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: not owned(NAME), 10)
    node.up(NAME, Progress())
    assert phase(cluster, "one") == ""
    assert PAUSE_IMAGE in cluster.images()
    cluster.kubectl("apply", "-f", "-", stdin=restricted_pod("one"))
    assert eventually(lambda: phase(cluster, "one") == "Running", 30)


@pytest.mark.parametrize("after_seconds", [0.3, 0.7, 2.0, 5.0])
def test_an_up_killed_in_the_middle_leaves_nothing_after_down(after_seconds: float) -> None:
    subprocess.run(command("down"), cwd=ROOT, check=True, capture_output=True)
    with subprocess.Popen(
        command("up", "--no-addons"), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as starting:
        time.sleep(after_seconds)
        starting.kill()
    subprocess.run(command("down"), cwd=ROOT, check=True, capture_output=True)
    assert leftovers.find(NAME) == []


def test_an_up_after_a_killed_one_works_and_down_leaves_nothing() -> None:
    with subprocess.Popen(
        command("up", "--no-addons"), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as starting:
        time.sleep(1.5)
        starting.kill()
    subprocess.run(command("up", "--no-addons"), cwd=ROOT, check=True, capture_output=True)

    def kinds() -> set[str]:
        listed = subprocess.run(command("leftovers"), cwd=ROOT, check=False, capture_output=True, text=True)
        assert listed.returncode == 1
        return {line.split()[0].rstrip(":") for line in listed.stdout.splitlines() if line}

    # the kubelet makes its control groups a moment after the node is up
    assert eventually(lambda: {"process", "link", "route", "cgroup"} <= kinds(), 30)
    subprocess.run(command("down"), cwd=ROOT, check=True, capture_output=True)
    assert leftovers.find(NAME) == []
