"""A node of paper: pods are bound to it and never start, and the story says how they fare.

Without a kubelet no image is pulled and no container runs: API server, controllers and scheduler are all the
cluster. `python -m sweep.paper node` is the node until it is ended; in a step, `ready` and `ended` tell how
the pods of a selector fare, by the step's KUBECONFIG and NAMESPACE.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from sweep.errors import ApiRefused, SweepError

NAME = "paper"
POD = {"nodeSelector": {NAME: "true"}, "tolerations": [{"key": NAME, "operator": "Exists"}]}
"""What a pod's spec needs to come to this node; no other pod does."""
NOW = "2026-01-01T00:00:00Z"
CAPACITY = {"cpu": "1000", "memory": "1000Gi", "pods": "1000", "ephemeral-storage": "1000Gi"}
LOOK_SECONDS, WAIT_SECONDS = 2.0, 120.0
Pod = dict[str, Any]


class Kubectl(Protocol):
    """Runs `kubectl ARGUMENTS` in one namespace; raises what is its own where that is refused."""

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Return what it prints."""
        ...


@dataclass(frozen=True)
class KubectlOnPath:
    """By the KUBECONFIG that a step has, too."""

    namespace: str

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Return what it prints; raises ApiRefused with its words."""
        command = ["kubectl", "-n", self.namespace, *arguments]
        try:
            done = subprocess.run(
                command, input=stdin or "", capture_output=True, text=True, check=False, timeout=WAIT_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as wrong:
            raise ApiRefused(f"{' '.join(command)}: {wrong}") from wrong
        if done.returncode:
            raise ApiRefused(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout


class PaperNode:
    """The node, its heartbeat, and the hand that lets pods end."""

    def __init__(self, kubectl: Kubectl, tell: Callable[[str], None] = print) -> None:
        self._kubectl = kubectl
        self._tell = tell
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)

    def __enter__(self) -> PaperNode:
        spec = {"taints": [{"key": NAME, "effect": "NoSchedule"}]}
        metadata = {"name": NAME, "labels": POD["nodeSelector"]}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec}
        self._kubectl.run("apply", "-f", "-", stdin=json.dumps(node))
        ready = {"type": "Ready", "status": "True", "reason": "Paper", "message": "paper",
                 "lastHeartbeatTime": NOW, "lastTransitionTime": NOW}  # fmt: skip
        status = {"conditions": [ready], "capacity": CAPACITY, "allocatable": CAPACITY}
        patch_status(self._kubectl, "node", NAME, status)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._kubectl.run("delete", "node", NAME, "--ignore-not-found")

    def _live(self) -> None:
        """Renew the node's Lease, and take away pods that are asked to go, as a kubelet would."""
        while not self._stop.is_set():
            try:
                self._renew()
                self._reap()
            except Exception as refused:  # the next look may find it well again
                self._tell(f"paper node: {refused}")
            self._stop.wait(LOOK_SECONDS)

    def _renew(self) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                 "metadata": {"name": NAME, "namespace": "kube-node-lease"},
                 "spec": {"holderIdentity": NAME, "renewTime": now}}  # fmt: skip
        self._kubectl.run(
            "apply", "-n", "kube-node-lease", "--server-side", "--force-conflicts", "-f", "-",
            stdin=json.dumps(lease),
        )  # fmt: skip

    def _reap(self) -> None:
        fields = f"spec.nodeName={NAME}"
        found = self._kubectl.run("get", "pods", "-A", f"--field-selector={fields}", "-o", "json")
        for pod in json.loads(found)["items"]:
            if "deletionTimestamp" in pod["metadata"]:
                self._end(pod)

    def _end(self, pod: Pod) -> None:
        where, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        if pod["metadata"].get("finalizers") and pod["status"].get("phase") in {"Pending", "Running"}:
            patch_status(self._kubectl, "pod", name, {"phase": "Failed"}, "-n", where)  # or its Job keeps it
        self._kubectl.run(
            "delete", "pod", name, "-n", where, "--force", "--grace-period=0", "--ignore-not-found",
            "--wait=false",
        )  # fmt: skip


def patch_status(
    kubectl: Kubectl,
    kind: str,
    name: str,
    status: Mapping[str, Any],
    *arguments: str,
    merged: str = "strategic",
) -> None:
    """Write a status as a kubelet or a controller does; one of custom resources is merged by `merge`."""
    body = json.dumps({"status": status})
    kubectl.run("patch", kind, name, *arguments, "--subresource=status", f"--type={merged}", "-p", body)


def bound(kubectl: Kubectl, selector: str, count: int = 1, seconds: float = WAIT_SECONDS) -> list[Pod]:
    """The pods of a selector by name, once so many of them have this node; raises TimeoutError."""
    end = time.monotonic() + seconds
    while True:
        pods: list[Pod] = json.loads(kubectl.run("get", "pods", "-l", selector, "-o", "json"))["items"]
        here = [one for one in pods if one["spec"].get("nodeName") == NAME]
        staying = [one for one in here if "deletionTimestamp" not in one["metadata"]]
        if len(staying) >= count:
            return sorted(staying, key=lambda one: str(one["metadata"]["name"]))
        if time.monotonic() > end:
            wanted = f"{count} pods of {selector} on the paper node, not within {seconds:g} s"
            raise TimeoutError(f"{wanted}: {kubectl.run('get', 'pods,jobs,replicasets')}")
        time.sleep(0.5)


def become_ready(kubectl: Kubectl, selector: str, count: int = 1) -> None:
    """Let so many pods run, with all that is in them ready."""
    for pod in bound(kubectl, selector, count):
        statuses = [_container(name, ready=True, running={"startedAt": NOW}) for name in _names(pod)]
        conditions = [
            {"type": kind, "status": "True", "lastTransitionTime": NOW}
            for kind in ("Initialized", "Ready", "ContainersReady")
        ]
        patch_status(
            kubectl, "pod", pod["metadata"]["name"],
            {"phase": "Running", "podIP": "192.0.2.1", "podIPs": [{"ip": "192.0.2.1"}], "startTime": NOW,
             "conditions": conditions, "containerStatuses": statuses},
        )  # fmt: skip


def come_to_an_end(kubectl: Kubectl, selector: str, code: int = 0, message: str = "") -> None:
    """Let the first pod end, as those of Jobs do. After a bad end it starts again in place, if it may."""
    (pod, *_) = bound(kubectl, selector)
    end = {"exitCode": code, "reason": "Error" if code else "Completed", "message": message,
           "startedAt": NOW, "finishedAt": NOW, "containerID": "x"}  # fmt: skip
    again = code != 0 and pod["spec"].get("restartPolicy") != "Never"
    state = {"waiting": {"reason": "CrashLoopBackOff"}} if again else {"terminated": end}
    last = {"lastState": {"terminated": end}, "restartCount": 1} if again else {}
    statuses = [{**_container(name, ready=False, **state), **last} for name in _names(pod)]
    phase = "Running" if again else "Failed" if code else "Succeeded"
    patch_status(kubectl, "pod", pod["metadata"]["name"], {"phase": phase, "containerStatuses": statuses})


def _names(pod: Pod) -> list[str]:
    return [str(one["name"]) for one in pod["spec"]["containers"]]


def _container(name: str, *, ready: bool, **state: Any) -> dict[str, Any]:
    return {"name": name, "image": "i", "imageID": "i", "ready": ready, "restartCount": 0, "state": state}


def main(argv: Sequence[str] | None = None) -> int:
    """Be the node, or say how pods fare on it; returns 1 where that cannot be."""
    chosen = _parser().parse_args(argv)
    kubectl = KubectlOnPath(os.environ.get("NAMESPACE") or "default")
    try:
        if chosen.command == "ready":
            become_ready(kubectl, chosen.selector, chosen.count)
        elif chosen.command == "ended":
            come_to_an_end(kubectl, chosen.selector, chosen.code, chosen.message)
        else:
            # A shell lets what it starts in the background hear no SIGINT.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            with suppress(KeyboardInterrupt), PaperNode(kubectl, lambda line: print(line, file=sys.stderr)):
                threading.Event().wait()
    except (SweepError, TimeoutError) as wrong:
        print(f"sweep.paper: {wrong}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sweep.paper", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("node", help="be the node, until this is ended")
    ready = commands.add_parser("ready", help="let the pods of a selector run and be ready")
    ready.add_argument("selector")
    ready.add_argument("--count", type=int, default=1, metavar="PODS", help="wait for so many")
    ended = commands.add_parser("ended", help="let the first pod of a selector end, as one of a Job")
    ended.add_argument("selector")
    ended.add_argument("--code", type=int, default=0)
    ended.add_argument("--message", default="", help="what it left as its termination message")
    return parser


if __name__ == "__main__":
    sys.exit(main())
