"""The node of paper: what it tells the API server, as kubectl would be called, and how pods fare on it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sweep import paper

ROOT = Path(__file__).resolve().parents[2]
KUBECTL = """#!/bin/sh
printf '%s\\n' "$*" >> "$CALLS"
case "$*" in
    *"get pods"*) cat "$PODS" ;;
    *forbidden*) echo "pods is forbidden" >&2; exit 1 ;;
esac
"""


@dataclass
class Written:
    """A kubectl that has pods and remembers what is written."""

    pods: list[paper.Pod] = field(default_factory=list)
    applied: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    refused: int = 0

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        match arguments[0]:
            case "apply":
                self.applied.append(json.loads(stdin or ""))
            case "patch":
                self.statuses.append((" ".join(arguments[1:3]), json.loads(arguments[-1])["status"]))
            case "delete":
                self.deleted.append(" ".join(arguments[1:3]))
            case "get" if self.refused:
                self.refused -= 1
                raise ConnectionError("the API server is away")
        return json.dumps({"items": self.pods})


def pod(name: str, node: str = paper.NAME, restart: str = "Always", **metadata: Any) -> paper.Pod:
    spec = {"nodeName": node, "restartPolicy": restart, "containers": [{"name": "fish"}, {"name": "water"}]}
    return {"metadata": {"name": name, "namespace": "pond", **metadata}, "spec": spec, "status": {}}


def test_the_node_is_there_and_alive_for_the_block_and_for_pods_that_ask_for_it_alone() -> None:
    kubectl = Written()
    with paper.PaperNode(kubectl):
        until(lambda: len(kubectl.applied) > 1)
    node, lease = kubectl.applied[:2]
    assert node["metadata"]["labels"] == paper.POD["nodeSelector"]
    assert node["spec"]["taints"] == [{"key": "paper", "effect": "NoSchedule"}]
    assert lease["spec"]["holderIdentity"] == "paper"
    assert kubectl.statuses[0][0] == "node paper"
    assert kubectl.statuses[0][1]["conditions"][0]["status"] == "True"
    assert kubectl.deleted == ["node paper"]


def test_pods_that_are_asked_to_go_are_taken_away_and_those_of_jobs_fail_first() -> None:
    gone = {"deletionTimestamp": paper.NOW}
    job = pod("job", finalizers=["batch.kubernetes.io/job-tracking"], **gone)
    job["status"] = {"phase": "Running"}
    kubectl = Written([pod("stays"), pod("goes", **gone), job])
    with paper.PaperNode(kubectl):
        until(lambda: len(kubectl.deleted) > 1)
    assert kubectl.deleted[:2] == ["pod goes", "pod job"]
    assert kubectl.statuses[1:] == [("pod job", {"phase": "Failed"})]


def test_the_node_outlives_an_api_server_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper, "LOOK_SECONDS", 0.01)
    kubectl, told = Written([pod("goes", deletionTimestamp=paper.NOW)], refused=1), list[str]()
    with paper.PaperNode(kubectl, told.append):
        until(lambda: len(kubectl.deleted) > 0)
    assert told == ["paper node: the API server is away"]


def test_every_container_of_pods_that_become_ready_is() -> None:
    kubectl = Written([pod("b"), pod("a"), pod("elsewhere", node="real")])
    paper.become_ready(kubectl, "app=koi", 2)
    assert [one for one, _ in kubectl.statuses] == ["pod a", "pod b"]
    status = kubectl.statuses[0][1]
    assert {"type": "Ready", "status": "True", "lastTransitionTime": paper.NOW} in status["conditions"]
    assert [(one["name"], one["ready"]) for one in status["containerStatuses"]] == [
        ("fish", True),
        ("water", True),
    ]


@pytest.mark.parametrize(
    ("restart", "code", "phase", "state"),
    [
        ("OnFailure", 0, "Succeeded", "terminated"),
        ("Never", 3, "Failed", "terminated"),
        ("OnFailure", 3, "Running", "waiting"),
    ],
)
def test_a_pod_ends_as_its_restart_policy_says(restart: str, code: int, phase: str, state: str) -> None:
    kubectl = Written([pod("job", restart=restart)])
    paper.come_to_an_end(kubectl, "job-name=count", code, "3 fish")
    ((_, status),) = kubectl.statuses
    assert status["phase"] == phase
    container = status["containerStatuses"][0]
    assert list(container["state"]) == [state]
    end = container["lastState"] if state == "waiting" else container["state"]
    assert (end["terminated"]["exitCode"], end["terminated"]["message"]) == (code, "3 fish")


def test_pods_that_do_not_come_are_told_with_their_selector() -> None:
    kubectl = Written([pod("going", deletionTimestamp=paper.NOW), pod("elsewhere", node="real")])
    with pytest.raises(TimeoutError, match="1 pods of app=koi on the paper node, not within 0 s"):
        paper.bound(kubectl, "app=koi", seconds=0)


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    """What a step has, and a kubectl that writes down how it was called."""
    program = tmp_path / "kubectl"
    program.write_text(KUBECTL)
    program.chmod(0o755)
    (tmp_path / "pods").write_text(json.dumps({"items": [pod("koi-1")]}))
    return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "NAMESPACE": "pond",
            "CALLS": str(tmp_path / "calls"), "PODS": str(tmp_path / "pods")}  # fmt: skip


def asked(surroundings: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sweep.paper", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False, timeout=60
    )


def test_a_step_says_how_pods_fare(surroundings: dict[str, str], tmp_path: Path) -> None:
    assert asked(surroundings, "ready", "app=koi").returncode == 0
    assert asked(surroundings, "ended", "app=koi", "--message", "3 fish").returncode == 0
    get, ready, _, ended = (tmp_path / "calls").read_text().splitlines()
    assert get == "-n pond get pods -l app=koi -o json"
    assert ready.startswith("-n pond patch pod koi-1 --subresource=status --type=strategic -p ")
    assert '"phase": "Running"' in ready
    assert '"phase": "Succeeded"' in ended


def test_what_kubectl_refuses_fails_the_step_with_its_words(
    surroundings: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "pods").write_text(json.dumps({"items": [pod("forbidden")]}))
    done = asked(surroundings, "ready", "app=koi")
    assert done.returncode == 1
    assert "pods is forbidden" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_node_goes_with_its_program(surroundings: dict[str, str], tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    command = [sys.executable, "-m", "sweep.paper", "node"]
    with subprocess.Popen(command, cwd=ROOT, env=surroundings) as running:
        until(lambda: calls.exists() and "get pods -A" in calls.read_text())
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0
    assert calls.read_text().splitlines()[-1] == "-n pond delete node paper --ignore-not-found"


def until(there: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not there():
        assert time.monotonic() < end
        time.sleep(0.02)
