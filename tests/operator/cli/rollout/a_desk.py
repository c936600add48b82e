"""A service and its revisions as the API server has them, and an operator that answers as it is told to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from paddle_operator import names
from paddle_operator.cluster import kinds
from paddle_operator.cluster.api import NotFound
from paddle_operator.cluster.kinds import Kind
from paddle_operator.plan import KubeObject
from paddle_operator.reasons import Reason

CANARY = {"revision": "calm-2bbb", "replicas": 1, "readyReplicas": 1, "weight": 25}
STABLE = {"revision": "calm-1aaa", "replicas": 3, "readyReplicas": 3, "weight": 75}


def a_service(**status: Any) -> KubeObject:
    """A service in the middle of a rollout; keyword arguments replace blocks of its status."""
    return {
        "metadata": {"name": "calm", "namespace": "prod", "generation": 1},
        "spec": {"model": {"uri": "https://models.example.com/ppocr/"}, "rollout": {}},
        "status": {"observedGeneration": 1, "stable": STABLE, "canary": CANARY, **status},
    }


def a_deployment(name: str, role: str, created: str, **annotations: str) -> KubeObject:
    """A revision's Deployment; keyword arguments are annotations without their group."""
    own = {f"{names.GROUP}/{key.replace('_', '-')}": value for key, value in annotations.items()}
    labels = {**names.revision_labels("calm", name), names.LABEL_ROLE: role}
    containers = [{"name": "sidecar", "image": "proxy:1"}, {"name": "runtime", "image": f"runtime:{name}"}]
    return {
        "metadata": {"name": name, "labels": labels, "annotations": own, "creationTimestamp": created},
        "spec": {"template": {"spec": {"containers": containers}}},
    }


class Desk:
    """An API server with one service. Each time that it is read, what has been asked for meets `operator`."""

    def __init__(
        self,
        service: KubeObject,
        *deployments: KubeObject,
        operator: Callable[[KubeObject, str], None] = lambda *_: None,
    ) -> None:
        self.service = service
        self.deployments = deployments
        self.operator = operator
        self.asked: list[tuple[str, str]] = []
        """Verb and plural of every request, as RBAC has them."""
        self.written: list[tuple[Mapping[str, str], str]] = []
        self.closed = False

    async def get(self, kind: Kind, namespace: str, name: str) -> KubeObject:
        self.asked.append(("get", kind.plural))
        if (kind, namespace, name) != (kinds.SERVICE_RESOURCE, "prod", "calm"):
            raise NotFound(kind.kind, name, Reason.OBJECT_REFUSED, f"{kind.plural} {name!r} not found")
        if self.written:
            self.operator(self.service, self.written[-1][0][names.ANNOTATION_REQUEST])
        return self.service

    async def list(self, kind: Kind, namespace: str, label_selector: str) -> list[KubeObject]:
        self.asked.append(("list", kind.plural))
        assert (kind, namespace) == (kinds.DEPLOYMENT, "prod")
        assert label_selector == names.selector_of("calm")
        return list(self.deployments)

    async def annotate(
        self, kind: Kind, namespace: str, name: str, annotations: Mapping[str, str], manager: str
    ) -> KubeObject:
        self.asked.append(("patch", kind.plural))
        assert (kind, namespace, name) == (kinds.SERVICE_RESOURCE, "prod", "calm")
        self.written.append((annotations, manager))
        self.service["metadata"].setdefault("annotations", {}).update(annotations)
        return self.service

    async def close(self) -> None:
        self.closed = True


def answering(outcome: str, message: str) -> Callable[[KubeObject, str], None]:
    """An operator that says this to everything."""

    def answer(service: KubeObject, request: str) -> None:
        handled = {"request": request, "outcome": outcome, "message": message, "at": "2026-06-03T00:00:00Z"}
        service["status"]["lastHandledRequest"] = handled

    return answer
