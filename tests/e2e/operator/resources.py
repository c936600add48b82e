"""Services whose pods are bound to the node of paper."""

from __future__ import annotations

from typing import Any

from hack.demo.kubectl import API
from sweep.paper import POD


def paper(name: str, *, uri: str = "https://models.example.com/ocr/", replicas: int = 1, queue: int = 64,
          **spec: Any) -> dict[str, Any]:  # fmt: skip
    """A service; keyword arguments replace blocks of its spec."""
    return {
        "apiVersion": API,
        "kind": "PaddleModelService",
        "metadata": {"name": name},
        "spec": {
            "model": {"uri": uri},
            "runtime": {"image": "paper:1", "pod": POD, "queue": {"maxRequests": queue}},
            "sla": {"objectives": [{"name": "up", "availability": {"targetPercent": "99.9"}}]},
            "scaling": {"backend": "None", "replicas": replicas},
            **spec,
        },
    }
