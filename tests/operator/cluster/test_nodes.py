"""What nodes have left, read from the API server's own words."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from paddle_operator.cluster.nodes import asked_by, needs_of, nodes_of, running_pod
from paddle_operator.rollout.hosting.next_pods import RunningPod
from paddle_operator.rollout.hosting.room import PODS, Requirement, Taint
from paddle_operator.spec.workload import Toleration
from tests.operator.given import a_resource, a_service, planned, template

GPU = "nvidia.com/gpu"


def raw_node(*, ready: str = "True", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "gpu-1", "labels": {"gpu": "a100"}},
        "spec": spec,
        "status": {
            "allocatable": {"cpu": "3920m", "memory": "7Gi", "pods": "110", GPU: "2"},
            "conditions": [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": ready}],
        },
    }


def container(
    *, policy: str | None = None, limits: dict[str, str] | None = None, **requests: str
) -> dict[str, Any]:
    resources = {"requests": requests, **({"limits": limits} if limits else {})}
    return {"name": "any", "resources": resources, **({"restartPolicy": policy} if policy else {})}


def raw_pod(
    *containers: dict[str, Any], phase: str = "Running", node: str = "gpu-1", **metadata: Any
) -> dict[str, Any]:
    spec = {"containers": list(containers), **({"nodeName": node} if node else {})}
    return {"metadata": {"name": "pod", **metadata}, "spec": spec, "status": {"phase": phase}}


def test_what_pods_ask_for_is_taken_from_what_a_node_can_give() -> None:
    with_gpu = raw_pod(container(cpu="500m", memory="1Gi", limits={GPU: "1"}))
    (node,) = nodes_of([raw_node()], [with_gpu, raw_pod(container(cpu="1"))])
    assert node.free == {"cpu": Decimal("2.42"), "memory": 6 * 2**30, PODS: 108, GPU: 1}
    assert (node.name, node.labels, node.ready, node.cordoned) == ("gpu-1", {"gpu": "a100"}, True, False)


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_asks_for_nothing(phase: str) -> None:
    (node,) = nodes_of([raw_node()], [raw_pod(container(limits={GPU: "1"}), phase=phase)])
    assert node.free[GPU] == 2


def test_a_pod_on_its_way_out_still_has_its_device_and_one_without_a_node_has_none() -> None:
    leaving = raw_pod(container(limits={GPU: "1"}), deletionTimestamp="2026-01-01T00:00:00Z")
    waiting = raw_pod(container(limits={GPU: "1"}), phase="Pending", node="")
    (node,) = nodes_of([raw_node()], [leaving, waiting])
    assert node.free[GPU] == 1


def test_a_node_says_whether_it_takes_pods() -> None:
    taint = {"key": GPU, "effect": "NoSchedule"}
    (node,) = nodes_of([raw_node(ready="Unknown", unschedulable=True, taints=[taint])], [])
    assert (node.ready, node.cordoned, node.taints) == (False, True, (Taint(GPU, "", "NoSchedule"),))


def test_a_node_that_has_said_nothing_yet_is_not_ready_and_has_no_room() -> None:
    (node,) = nodes_of([{"metadata": {"name": "new"}}], [])
    assert not node.ready
    assert node.free == {}


def test_init_containers_count_as_the_largest_of_them() -> None:
    spec = {
        "containers": [container(cpu="1"), container(cpu="1")],
        "initContainers": [container(cpu="3", memory="1")],
    }
    assert asked_by(spec) == {"cpu": 3, "memory": 1, PODS: 1}


def test_a_sidecar_is_there_beside_all_that_come_after_it() -> None:
    sidecar = container(cpu="1", policy="Always")
    spec = {
        "containers": [container(cpu="2")],
        "initContainers": [container(cpu="3"), sidecar, container(cpu="3")],
    }
    assert asked_by(spec)["cpu"] == 4
    assert asked_by({**spec, "overhead": {"cpu": "250m"}})["cpu"] == Decimal("4.25")


def test_the_pod_of_a_service_needs_its_device_and_what_its_settings_say() -> None:
    resource = a_resource().on("GPU").with_("spec.runtime.pod", {
        "nodeSelector": {"gpu": "a100"},
        "tolerations": [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{
                "matchExpressions": [{"key": "zone", "operator": "In", "values": ["a", "b"]}],
                "matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": ["gpu-9"]}],
            }],
        }}},
    })  # fmt: skip
    needs = needs_of(template(planned(a_service(resource)))["spec"])
    assert needs.asks[GPU] == 1
    assert needs.asks["cpu"] == 2
    assert needs.selector == {"gpu": "a100"}
    assert needs.tolerations == (Toleration(key=GPU, operator="Exists", effect="NoSchedule"),)
    zone, name = (
        Requirement("zone", "In", ("a", "b")),
        Requirement("metadata.name", "NotIn", ("gpu-9",), of_name=True),
    )
    assert needs.affinity == ((zone, name),)


def test_a_pod_without_settings_goes_to_any_node() -> None:
    needs = needs_of(raw_pod(container(cpu="1"))["spec"])
    assert (needs.affinity, needs.selector, needs.tolerations) == (None, {}, ())


def ended(start: str, end: str, code: int = 0) -> dict[str, Any]:
    times = {"startedAt": f"2026-01-01T00:00:{start}Z", "finishedAt": f"2026-01-01T00:00:{end}Z"}
    return {"state": {"terminated": {"exitCode": code, **times}}}


def test_a_running_pod_tells_how_long_its_bundles_took_to_come() -> None:
    pod = raw_pod(container())
    pod["status"] |= {
        "conditions": [{"type": "Ready", "status": "True"}],
        "initContainerStatuses": [ended("01", "04"), ended("05", "07")],
    }
    assert running_pod(pod) == RunningPod("pod", "gpu-1", ready=True, fetch_seconds=Fraction(5))


@pytest.mark.parametrize(
    "statuses", [[], [ended("01", "04"), {"state": {"running": {}}}], [ended("01", "04", code=1)]]
)
def test_what_has_not_been_fetched_has_no_time(statuses: list[dict[str, Any]]) -> None:
    pod = raw_pod(container(), deletionTimestamp="2026-01-01T00:00:00Z")
    pod["status"]["initContainerStatuses"] = statuses
    assert running_pod(pod) == RunningPod("pod", "gpu-1", leaving=True)
