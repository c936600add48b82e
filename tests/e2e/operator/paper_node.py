"""A node without a kubelet: pods are bound to it and never start, and the test says how they fare."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hack.demo.kubectl import Kube, KubectlRefused, eventually

NAME = "paper"
LABEL = {"paddle-sla.io/paper": "true"}
SERVICE = "serving.paddle-sla.io/service"
REVISION = "serving.paddle-sla.io/revision"
COMPARE = "compare"
NOW = "2026-01-01T00:00:00Z"
CAPACITY = {"cpu": "1000", "memory": "1000Gi", "pods": "1000", "ephemeral-storage": "1000Gi"}
DIGEST = "sha256:" + "ab" * 32


class PaperNode:
    """The node, its heartbeat, and the hand that lets pods end."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)

    def __enter__(self) -> PaperNode:
        taint = {"key": "paper", "effect": "NoSchedule"}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NAME, "labels": LABEL},
                "spec": {"taints": [taint]}}  # fmt: skip
        self._kube.apply(node)
        ready = {"type": "Ready", "status": "True", "reason": "Paper", "message": "paper",
                 "lastHeartbeatTime": NOW, "lastTransitionTime": NOW}  # fmt: skip
        status = {"conditions": [ready], "capacity": CAPACITY, "allocatable": CAPACITY}
        patch_status(self._kube, "node", NAME, status)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._kube.delete("node", NAME)

    def _live(self) -> None:
        """Renew the node's Lease, and take away pods that are asked to go, as a kubelet would."""
        while not self._stop.is_set():
            try:
                self._renew()
                self._reap()
            except KubectlRefused as refused:
                print("paper node:", refused)
            self._stop.wait(2)

    def _renew(self) -> None:
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                 "metadata": {"name": NAME, "namespace": "kube-node-lease"},
                 "spec": {"holderIdentity": NAME, "renewTime": utc_now()}}  # fmt: skip
        self._kube.run(
            "apply", "-n", "kube-node-lease", "--server-side", "--force-conflicts", "-f", "-",
            stdin=json.dumps(lease),
        )  # fmt: skip

    def _reap(self) -> None:
        fields = f"spec.nodeName={NAME}"
        found = json.loads(self._kube.run("get", "pods", "-A", f"--field-selector={fields}", "-o", "json"))
        for pod in found["items"]:
            if "deletionTimestamp" in pod["metadata"]:
                where, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
                if pod["metadata"].get("finalizers") and pod["status"].get("phase") in {"Pending", "Running"}:
                    kube = replace(self._kube, namespace=where)
                    patch_status(kube, "pod", name, {"phase": "Failed"})  # or its Job keeps it
                self._kube.run(
                    "delete", "pod", name, "-n", where, "--force", "--grace-period=0", "--ignore-not-found",
                    "--wait=false",
                )  # fmt: skip


def utc_now() -> str:
    """Now, as a Lease has it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def patch_status(
    kube: Kube, kind: str, name: str, status: dict[str, Any], *, merged: str = "strategic"
) -> None:
    """Write a status as the kubelet does; of custom resources it can only be merged by `merge`."""
    kube.run(
        "patch", kind, name, "--subresource=status", f"--type={merged}", "-p", json.dumps({"status": status})
    )


def bound(kube: Kube, selector: str, count: int = 1) -> list[str]:
    """The names of so many pods, once they have their node."""

    def there() -> list[str] | None:
        pods = [p for p in kube.list("pods", selector) if "deletionTimestamp" not in p["metadata"]]
        found = sorted(p["metadata"]["name"] for p in pods if p["spec"].get("nodeName") == NAME)
        return found if len(found) >= count else None

    return eventually(
        there, 120, lambda: f"{count} pods of {selector} on the paper node: {kube.run('get', 'pods,jobs,rs')}"
    )


def resolve(kube: Kube, service: str, digest: str = DIGEST) -> None:
    """The resolve Job's pod reads the manifest."""
    answer = {"reason": "Resolved", "digest": digest, "name": "m", "task": "OCR", "format": "PaddleInference",
              "modules": ["detect", "orient", "recognise"], "sizeBytes": 1000}  # fmt: skip
    end_of_resolve(kube, service, 0, answer)


def end_of_resolve(kube: Kube, service: str, code: int, said: dict[str, Any]) -> None:
    """The resolve Job's pod ends with a code and a message; a bad end is restarted in place."""
    _end_of_job(kube, f"{SERVICE}={service},!{REVISION}", "resolve", code, said)


def answers_agree(kube: Kube, job: str) -> None:
    """The pod of a Job that asks the golden set finds every answer as expected."""
    said = {"reason": "Passed", "message": "3 answers are as expected", "comparisons": 3, "seconds": 1.0}
    _end_of_job(kube, f"batch.kubernetes.io/job-name={job}", COMPARE, 0, said)


def _end_of_job(kube: Kube, selector: str, name: str, code: int, said: dict[str, Any]) -> None:
    (pod, *_) = bound(kube, selector)
    end = {"exitCode": code, "reason": "Error" if code else "Completed", "message": json.dumps(said),
           "startedAt": NOW, "finishedAt": NOW, "containerID": "x"}  # fmt: skip
    state = {"waiting": {"reason": "CrashLoopBackOff"}} if code else {"terminated": end}
    last = {"lastState": {"terminated": end}} if code else {}
    container = {
        "name": name,
        "image": "i",
        "imageID": "i",
        "ready": False,
        "restartCount": 1,
        "state": state,
    }
    status = {"phase": "Running" if code else "Succeeded", "containerStatuses": [{**container, **last}]}
    patch_status(kube, "pod", pod, status)


def become_ready(kube: Kube, revision: str, count: int = 1) -> None:
    """So many pods of a revision are loaded, warm and ready."""
    for pod in bound(kube, f"{REVISION}={revision}", count):
        container = {"name": "runtime", "image": "i", "imageID": "i", "ready": True, "restartCount": 0,
                     "state": {"running": {"startedAt": NOW}}}  # fmt: skip
        conditions = [
            {"type": kind, "status": "True", "lastTransitionTime": NOW}
            for kind in ("Initialized", "Ready", "ContainersReady")
        ]
        patch_status(
            kube, "pod", pod,
            {"phase": "Running", "podIP": "192.0.2.1", "podIPs": [{"ip": "192.0.2.1"}], "startTime": NOW,
             "conditions": conditions, "containerStatuses": [container]},
        )  # fmt: skip
