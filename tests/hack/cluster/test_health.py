"""What a Node object says about itself, and what is said where no cluster is."""

from __future__ import annotations

from pathlib import Path

import pytest

from hack.cluster import health
from hack.cluster.api import ClusterInfo


def node_saying(status: str, message: str) -> dict[str, object]:
    return {"status": {"conditions": [{"type": "Ready", "status": status, "message": message}]}}


def test_a_node_is_ready_when_its_condition_says_so() -> None:
    assert health.node_condition(node_saying("True", "kubelet is posting ready status"))[0]


@pytest.mark.parametrize("status", ["False", "Unknown"])
def test_a_node_that_is_not_ready_says_why(status: str) -> None:
    assert health.node_condition(node_saying(status, "cni plugin not initialized")) == (
        False,
        "cni plugin not initialized",
    )


def test_a_node_without_conditions_has_not_reported() -> None:
    assert health.node_condition({}) == (False, "kubelet has not reported yet")


def test_a_cluster_that_was_never_started_is_not_ready_and_has_no_components(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PADDLE_SLA_CACHE", str(tmp_path))
    cluster = ClusterInfo("nosuch")
    assert health.readiness(cluster) == (False, "the node's first process is not running")
    assert health.running_components(cluster) == {}
    assert health.api_get(cluster, "/readyz") == (0, None)
