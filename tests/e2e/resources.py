"""The services that the tests apply, as sentences: digits("a").replicas(2).model(digest=...).body."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any, Self

from hack.demo.kubectl import API
from hack.demo.site import ROOT

ENDPOINT = "http://s3.store.svc:7070"
DIGITS_REQUEST = ROOT / "examples" / "02-digits" / "request.json"
GATEWAY = {"name": "paddle", "namespace": "gateway"}


@dataclass(frozen=True)
class Resource:
    """A PaddleModelService to apply; every method returns a changed copy."""

    body: dict[str, Any]

    def _with(self, **spec: dict[str, Any]) -> Self:
        body = copy.deepcopy(self.body)
        for block, changes in spec.items():
            body["spec"].setdefault(block, {}).update(changes)
        return replace(self, body=body)

    def replicas(self, count: int) -> Self:
        """Ask for this many pods."""
        return self._with(scaling={"backend": "None", "replicas": count})

    def model(self, **changes: Any) -> Self:
        """Change spec.model."""
        return self._with(model=changes)

    def runtime(self, **changes: Any) -> Self:
        """Change spec.runtime."""
        return self._with(runtime=changes)

    def sla(self, **changes: Any) -> Self:
        """Change spec.sla."""
        return self._with(sla=changes)

    def rollout(self, **changes: Any) -> Self:
        """Change spec.rollout, or ask for one."""
        return self._with(rollout=changes)

    def by_pods(self) -> Self:
        """Let the numbers of pods divide the requests, behind the plain Service."""
        return self._with(routing={"type": "ReplicaRatio"})

    def through_gateway(self, hostname: str) -> Self:
        """Route by HTTPRoute on the cluster's Gateway."""
        return self._with(routing={"type": "GatewayAPI", "parentRefs": [GATEWAY], "hostnames": [hostname]})


def service(name: str, uri: str, task: str, cpu: str, memory: str) -> Resource:
    """A service whose bundle lies in the cluster's S3 store."""
    return Resource(
        {
            "apiVersion": API,
            "kind": "PaddleModelService",
            "metadata": {"name": name},
            "spec": {
                "model": {
                    "uri": uri,
                    "task": task,
                    "s3": {"endpoint": ENDPOINT, "addressing": "Path"},
                    "credentialsRef": {"name": "s3-read"},
                },
                "runtime": {
                    "resources": {
                        "requests": {"cpu": cpu, "memory": memory},
                        "limits": {"cpu": "1", "memory": memory},
                    }
                },
                "sla": {
                    "objectives": [
                        {"name": "latency", "latency": {"percentile": "95", "thresholdMilliseconds": 1000}}
                    ]
                },
                "scaling": {"backend": "None", "replicas": 1},
            },
        }
    )


def digits(name: str, uri: str = "s3://models/digits") -> Resource:
    """The small fast model: examples/02."""
    return service(name, uri, "Tensor", "100m", "1Gi")


def ocr(name: str, uri: str = "s3://models/ppocr-v4-mobile") -> Resource:
    """The PP-OCRv4 mobile pipeline: examples/01."""
    return service(name, uri, "OCR", "200m", "1536Mi")
