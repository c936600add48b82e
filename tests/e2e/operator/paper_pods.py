"""How pods of a service fare on the node of paper: what they read, what they answer, that they are ready."""

from __future__ import annotations

import json
from typing import Any

from hack.demo.kubectl import Kube
from sweep import paper

SERVICE = "serving.paddle-sla.io/service"
REVISION = "serving.paddle-sla.io/revision"
DIGEST = "sha256:" + "ab" * 32


def resolve(kube: Kube, service: str, digest: str = DIGEST) -> None:
    """The resolve Job's pod reads the manifest."""
    answer = {"reason": "Resolved", "digest": digest, "name": "m", "task": "OCR", "format": "PaddleInference",
              "modules": ["detect", "orient", "recognise"], "sizeBytes": 1000}  # fmt: skip
    end_of_resolve(kube, service, 0, answer)


def end_of_resolve(kube: Kube, service: str, code: int, said: dict[str, Any]) -> None:
    """The resolve Job's pod ends with a code and a message; a bad end is restarted in place."""
    paper.come_to_an_end(kube, f"{SERVICE}={service},!{REVISION}", code, json.dumps(said))


def answers_agree(kube: Kube, job: str) -> None:
    """The pod of a Job that asks the golden set finds every answer as expected."""
    said = {"reason": "Passed", "message": "3 answers are as expected", "comparisons": 3, "seconds": 1.0}
    paper.come_to_an_end(kube, f"batch.kubernetes.io/job-name={job}", 0, json.dumps(said))


def become_ready(kube: Kube, revision: str, count: int = 1) -> None:
    """So many pods of a revision are loaded, warm and ready."""
    paper.become_ready(kube, f"{REVISION}={revision}", count)
