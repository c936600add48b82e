"""Accelerators are counted, handed out and waited for, on a node that advertises devices that are not there.

The hardware is a fake (accelerators/fake_plugin.py), and so is the check that the runtime makes of it
(without_device_check/): predictors compute on the CPU. Kubelet, scheduler and operator are real.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

import httpx
import pytest

from hack.cluster.progress import Progress
from hack.demo.kubectl import Kube, eventually
from paddle_operator.cluster.nodes import needs_of, nodes_of, running_pod
from paddle_operator.rollout.hosting.forecast import forecast
from paddle_operator.rollout.hosting.next_pods import Look, Side
from tests.e2e.accelerators.fake_plugin import HANDED_OUT, FakePlugin, advertised
from tests.e2e.load import Request, Steady
from tests.e2e.resources import DIGITS_REQUEST, Resource, digits
from tests.e2e.testbed import Testbed, ready_pods
from tests.e2e.wrapped_runtime import WITHOUT_DEVICE_CHECK, wrapped_runtime

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
GPU, NPU = "nvidia.com/gpu", "huawei.com/Ascend910"
IN_SECONDS = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True)
class Devices:
    """The devices of the node, and the image whose runtime does not look for them."""

    gpus: FakePlugin
    image: str

    def service(self, name: str, device: str) -> Resource:
        """A digit classifier on such a device."""
        return digits(name).runtime(device=device, image=self.image)

    def changed(self, name: str, device: str, requests: int, **rollout: Any) -> Resource:
        """The same with another setting, which is a new revision; there is no bake.

        Here each rollout spends the budget that the next one would need: nobody has promised these callers
        anything.
        """
        rollout = {"bake": {"durationMinutes": 0}, "budgetPolicy": {"override": "Repair"}, **rollout}
        return self.service(name, device).runtime(queue={"maxRequests": requests}).rollout(**rollout)


@pytest.fixture(scope="module")
def devices(site: Testbed, kube: Kube) -> Iterator[Devices]:
    """One GPU and one NPU."""
    sockets = site.cluster.layout.kubelet / "device-plugins"
    image = wrapped_runtime(site.cluster, WITHOUT_DEVICE_CHECK, Progress())
    with ExitStack() as stack:
        gpus, _ = (stack.enter_context(advertised(sockets, name, 1)) for name in (GPU, NPU))
        eventually(lambda: True if allocatable(site) == {GPU: "1", NPU: "1"} else None, 30, "the devices")
        yield Devices(gpus, image)


def allocatable(site: Testbed) -> dict[str, str]:
    """What the kubelet says that the node can give of the two."""
    status = site.kube("default").get("node", site.cluster.node_name)["status"]
    return {name: status["allocatable"].get(name, "") for name in (GPU, NPU)}


@pytest.fixture(scope="module")
def first(kube: Kube, devices: Devices) -> str:
    """A service on the only GPU, ready."""
    kube.apply(devices.service("first", "GPU").body)
    kube.wait_condition("first", "Ready", "True", timeout=120)
    return "first"


def pods_that_serve(kube: Kube, service: str) -> list[dict[str, Any]]:
    """Its pods, without those of the Job that resolves its model."""
    return kube.list("pods", f"serving.paddle-sla.io/service={service},serving.paddle-sla.io/revision")


def url_of(kube: Kube, service: str) -> str:
    """The service's own address."""
    address = kube.get("service", service)["spec"]["clusterIP"]
    return f"http://{address}/v2/models/{service}/infer"


def asked(kube: Kube, service: str) -> httpx.Response:
    """One request."""
    return httpx.post(url_of(kube, service), json=json.loads(DIGITS_REQUEST.read_text()), timeout=10)


def callers(kube: Kube, service: str, *, patience: float) -> Steady:
    """Five of them a second; one whom nobody answers waits so many seconds."""
    body = DIGITS_REQUEST.read_bytes()
    request = Request(url_of(kube, service), body, "application/json", timeout_seconds=patience)
    return Steady(request, per_second=5)


def stable_of(kube: Kube, service: str) -> str:
    """The revision that serves."""
    return str(kube.get("pms", service)["status"]["stable"]["revision"])


def foretold(kube: Kube, service: str) -> str:
    """What the status says about the room of a canary, once it does."""

    def said() -> str | None:
        found = kube.get("pms", service)["status"].get("rollout", {}).get("hosting")
        return str(found) if found else None

    return eventually(said, 60, "a forecast in the status")


def seconds_in(words: str) -> float:
    """How long fewer pods serve, at most, by a forecast: `no pod serves for at most 11 min 35 s (...)`."""
    (length,) = re.findall(r" serves? for (?:at most )?([^(]+) \(", words)
    parts = length.split()
    return sum(float(value) * IN_SECONDS[unit] for value, unit in zip(parts[::2], parts[1::2], strict=True))


def first_end(kube: Kube, service: str) -> datetime:
    """When the first pod was told to end."""

    def told() -> datetime | None:
        for pod in pods_that_serve(kube, service):
            metadata = pod["metadata"]
            if "deletionTimestamp" in metadata:
                grace = timedelta(seconds=metadata["deletionGracePeriodSeconds"])
                return datetime.fromisoformat(metadata["deletionTimestamp"]) - grace
        return None

    return eventually(told, 60, "a pod that ends")


def event_of(kube: Kube, service: str, words: str) -> datetime:
    """When an Event first told it."""
    told = [
        datetime.fromisoformat(one["firstTimestamp"])
        for one in kube.list("events")
        if one["involvedObject"]["name"] == service and words in one["message"]
    ]
    return min(told)


def has_taken_over(kube: Kube, service: str, before: str) -> None:
    """Wait until another revision serves, and nothing is left to do."""
    kube.wait_condition(service, "RolloutComplete", "True", timeout=180)
    kube.wait_condition(service, "Ready", "True", timeout=30)
    assert stable_of(kube, service) != before
    assert asked(kube, service).status_code == 200


def its_devices(kube: Kube, service: str) -> str:
    """What the plugin has told the container of the service's only ready pod."""
    (pod,) = ready_pods(kube, service)
    return kube.run("exec", pod, "-c", "runtime", "--", "printenv", HANDED_OUT).strip()


def test_a_service_gets_the_device_and_serves(kube: Kube, first: str) -> None:
    assert asked(kube, first).status_code == 200
    assert its_devices(kube, first) == "fake-gpu-0"


def test_a_service_on_another_device_is_not_in_its_way(kube: Kube, devices: Devices, first: str) -> None:
    kube.apply(devices.service("on-npu", "NPU").body)
    kube.wait_condition("on-npu", "Ready", "True", timeout=120)
    assert asked(kube, "on-npu").status_code == 200
    assert its_devices(kube, "on-npu") == "fake-Ascend910-0"


def test_the_room_that_is_left_is_read_from_the_node_and_a_rollout_is_foretold(
    site: Testbed, kube: Kube, first: str
) -> None:
    everywhere = json.loads(kube.run("get", "pods", "--all-namespaces", "-o", "json"))["items"]
    nodes = nodes_of(kube.list("nodes"), everywhere)
    (pod,) = pods_that_serve(kube, first)
    needs, running = needs_of(pod["spec"]), running_pod(pod)
    assert {node.name: node.free[GPU] for node in nodes if GPU in node.free} == {site.cluster.node_name: 0}
    assert running.ready
    assert running.fetch_seconds is not None
    assert Fraction(0) <= running.fetch_seconds < 60
    found = forecast(Look(nodes, Side(needs, (running,)), Side(needs), stable_wish=1))
    assert (found.canary, found.rounds, found.refused) == (1, (0,), False)


@pytest.mark.parametrize("device", ["GPU", "NPU"])
def test_on_the_only_device_a_new_revision_takes_over_and_what_that_costs_was_said_before(
    kube: Kube, devices: Devices, first: str, device: str
) -> None:
    name = {"GPU": first, "NPU": "on-npu"}[device]
    before = stable_of(kube, name)
    with callers(kube, name, patience=2) as load:
        kube.apply(devices.changed(name, device, 7, strategy="BlueGreen").body)
        words = foretold(kube, name)
        resource = {"GPU": GPU, "NPU": NPU}[device]
        node = kube.list("nodes")[0]["metadata"]["name"]
        assert f"A canary pod needs 1 {resource}; free: 0 on {node}. A stable pod is ended" in words
        assert "Predicted: no pod serves for" in words
        ended = first_end(kube, name)
        assert event_of(kube, name, words) <= ended
        has_taken_over(kube, name, before)
    silence = len(load.outcomes.failed) * load.interval
    print(f"{resource}: {words}\n{silence:g} s without an answer, of {load.now():.0f} s")
    assert 0 < silence <= seconds_in(words), "no longer than was said"


def test_a_second_service_waits_for_a_device_says_so_and_starts_when_there_is_one(
    kube: Kube, devices: Devices, first: str
) -> None:
    kube.apply(devices.service("second", "GPU").body)
    waiting = kube.wait_condition("second", "Ready", "False", reason="Unschedulable", timeout=60)
    assert f"Insufficient {GPU}" in waiting["message"]
    (pod,) = pods_that_serve(kube, "second")
    assert pod["status"]["phase"] == "Pending"
    assert asked(kube, first).status_code == 200
    devices.gpus.has(2)
    kube.wait_condition("second", "Ready", "True", timeout=120)
    assert {its_devices(kube, name) for name in (first, "second")} == {"fake-gpu-0", "fake-gpu-1"}


def test_with_a_device_to_spare_a_new_revision_takes_over_and_no_caller_notices(
    kube: Kube, devices: Devices, first: str
) -> None:
    kube.delete("pms", "second")
    eventually(lambda: None if pods_that_serve(kube, "second") else True, 90, "the second device to be free")
    before = stable_of(kube, first)
    with callers(kube, first, patience=15) as load:
        kube.apply(devices.changed(first, "GPU", 9, strategy="BlueGreen").body)
        assert foretold(kube, first) == "1 canary pod fits beside 1 stable pod: none is ended for room."
        has_taken_over(kube, first, before)
    assert load.outcomes.failed == []
    assert len(load.outcomes.results) > 20


def test_a_canary_on_the_only_device_takes_everything_and_is_promoted_by_hand(
    kube: Kube, devices: Devices
) -> None:
    before = stable_of(kube, "on-npu")
    kube.apply(devices.changed("on-npu", "NPU", 9, steps=[{"weight": 5}]).body)

    def asks(verb: str, revision: str) -> None:
        request = f"serving.paddle-sla.io/request={verb}/{revision}/1"
        kube.run("annotate", "pms", "on-npu", request, "--overwrite")

    def serving() -> str | None:
        status = kube.get("pms", "on-npu")["status"]
        if status["rollout"].get("hold") == "ProofNotReachable":  # nobody asks it anything
            asks("approve", status["rollout"]["revision"])
        canary = status.get("canary") or {}
        return str(canary["revision"]) if canary.get("weight") == 100 else None

    canary = eventually(serving, 120, "the canary alone")
    assert asked(kube, "on-npu").status_code == 200
    asks("promote", canary)
    has_taken_over(kube, "on-npu", before)


def test_who_loses_its_pod_again_and_again_in_its_bake_on_the_only_device_gives_it_back(
    kube: Kube, devices: Devices
) -> None:
    before = stable_of(kube, "on-npu")
    bake = {"durationMinutes": 30}
    kube.apply(devices.changed("on-npu", "NPU", 10, strategy="BlueGreen", bake=bake).body)
    eventually(lambda: True if stable_of(kube, "on-npu") != before else None, 120, "a promotion")
    promoted = stable_of(kube, "on-npu")
    for _ in range(3):
        assert stable_of(kube, "on-npu") == promoted
        kube.wait_condition("on-npu", "Ready", "True", timeout=60)
        (pod,) = ready_pods(kube, "on-npu")
        kube.run("delete", "pod", pod, "--force")
        kube.wait_condition("on-npu", "Ready", "False", timeout=30)
    kube.wait_condition("on-npu", "RolloutComplete", "False", reason="RolledBack", timeout=120)
    kube.wait_condition("on-npu", "Ready", "True", timeout=30)
    assert (stable_of(kube, "on-npu"), asked(kube, "on-npu").status_code) == (before, 200)
    (rejected,) = kube.get("pms", "on-npu")["status"]["rejectedRevisions"]
    assert (rejected["revision"], rejected["reason"]) == (promoted, "EndpointsLost")
    assert "lost its last ready pod 3 times in its bake" in rejected["message"]


def test_a_model_that_moves_to_another_device_gets_no_request_until_it_answers_as_before(
    kube: Kube, devices: Devices
) -> None:
    devices.gpus.has(4)
    at_once = {"strategy": "BlueGreen", "bake": {"durationMinutes": 0}}
    kube.apply(digits("moving").rollout(**at_once).body)
    kube.wait_condition("moving", "Ready", "True", timeout=120)
    before = stable_of(kube, "moving")
    moved = devices.service("moving", "GPU").rollout(**at_once)

    errs = {"env": [{"name": "DEVICE_ERROR", "value": "0.25"}]}
    kube.apply(moved.runtime(pod=errs).body)
    kube.wait_condition("moving", "RolloutComplete", "False", reason="RolledBack", timeout=150)
    (rejected,) = kube.get("pms", "moving")["status"]["rejectedRevisions"]
    assert rejected["reason"] == "PreflightFailed"
    assert "absError is 0.25, allowed is 0.001" in rejected["message"]
    assert "against stable" in rejected["message"]
    assert stable_of(kube, "moving") == before

    kube.apply(moved.body)
    has_taken_over(kube, "moving", before)


@pytest.mark.timeout(700)
def test_two_pods_on_two_devices_change_places_one_by_one_while_the_new_ones_are_proven(
    site: Testbed, kube: Kube, devices: Devices
) -> None:
    """Under traffic, which nobody counts but the pods: there is no gateway."""
    kube.delete("pms", "moving")
    eventually(lambda: None if pods_that_serve(kube, "moving") else True, 90, "the devices to be free")
    devices.gpus.has(3)
    eventually(lambda: True if allocatable(site)[GPU] == "3" else None, 30, "two devices, and the first one")
    promise = {"minTraffic": {"requests": 1, "periodSeconds": 300}}
    kube.apply(devices.service("pair", "GPU").replicas(2).sla(**promise).body)
    kube.wait_condition("pair", "Ready", "True", timeout=150)
    before = stable_of(kube, "pair")
    step = {"weight": 50, "minDurationSeconds": 10, "maxDurationSeconds": 300}
    wanted = devices.changed("pair", "GPU", 11, surge="OneByOne", steps=[step])
    with callers(kube, "pair", patience=15) as load:
        time.sleep(20)
        kube.apply(wanted.replicas(2).sla(**promise).body)
        words = foretold(kube, "pair")
        assert "A stable pod is ended and a canary pod starts in its room, 2 times, one after" in words
        assert "Predicted: 1 of 2 pods serves for " in words
        ready = [(time.monotonic(), 2)]
        while stable_of(kube, "pair") == before or ready[-1][1] < 2:
            time.sleep(0.5)
            ready.append((time.monotonic(), len(ready_pods(kube, "pair"))))
            assert ready[-1][0] < ready[0][0] + 400, kube.get("pms", "pair")["status"]
        has_taken_over(kube, "pair", before)
    fewer = sum(then - at for (at, number), (then, _) in pairwise(ready) if number < 2)
    rollout = kube.get("pms", "pair")["status"]["rollout"]
    print(f"{words}\n{fewer:.0f} s with one pod, {len(load.outcomes.failed)} callers failed")
    assert min(number for _, number in ready) == 1, "one of two serves at any time"
    assert 0 < fewer <= seconds_in(words), "no longer than was said"
    assert rollout["verdict"] == "NothingAgainst"
    assert all(float(one["evidenceProof"]) >= float(rollout["proofNeeded"]) for one in rollout["results"])
    assert load.outcomes.failed == []
