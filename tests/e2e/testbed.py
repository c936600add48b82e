"""The demo's site plus what only a test does to it: spoil a bundle, kill a container, read the audit log."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any, Self

from hack.cluster import addons, programs
from hack.cluster.addons_extras import Extra
from hack.cluster.api import ClusterInfo
from hack.cluster.progress import Progress
from hack.demo.embedded import BUCKET, EmbeddedSite, embedded_site
from hack.demo.kubectl import Kube
from hack.e2e_site import CLUSTER

OWNED = (
    "deployment",
    "service",
    "configmap",
    "poddisruptionbudget",
    "networkpolicy",
    "job",
    "httproute",
    "pod",
)


@dataclass(frozen=True)
class Testbed:
    """One embedded cluster with the operator installed."""

    __test__ = False
    site: EmbeddedSite
    cluster: ClusterInfo

    @classmethod
    def with_extra(cls, extra: Extra) -> Self:
        """The tests' cluster with one more add-on, which takes minutes to build the first time."""
        progress, cluster = Progress(), ClusterInfo(CLUSTER)
        programs.ensure(progress, [extra.name])
        site = embedded_site(CLUSTER, progress)
        addons.install(cluster, progress, [extra.name])
        return cls(site, cluster)

    @property
    def gateway_url(self) -> str:
        """Where the gateway answers."""
        return self.site.gateway_url

    def kube(self, namespace: str) -> Kube:
        """kubectl in a namespace."""
        return self.site.kube(namespace)

    def kill_container(self, namespace: str, pod: str, container: str) -> None:
        """kill -9 of everything in a container."""
        self.cluster.kill_container(namespace, pod, container)

    def bundle_objects(self, prefix: str) -> dict[str, bytes]:
        """Every object below a prefix of the store, by its name after the prefix."""
        store = self.site.store
        names = [o.object_name for o in store.list_objects(BUCKET, prefix + "/", recursive=True)]
        return {str(n).removeprefix(prefix + "/"): store.get_object(BUCKET, str(n)).read() for n in names}

    def put(self, prefix: str, name: str, content: bytes) -> None:
        """Write one object."""
        self.site.store.put_object(BUCKET, f"{prefix}/{name}", io.BytesIO(content), len(content))

    def copy_bundle(self, source: str, target: str) -> None:
        """A bundle under another prefix, byte for byte."""
        for name, content in self.bundle_objects(source).items():
            self.put(target, name, content)

    def truncate(self, prefix: str, ending: str) -> None:
        """Cut the first file with this ending in half."""
        name, content = next((n, c) for n, c in self.bundle_objects(prefix).items() if n.endswith(ending))
        self.put(prefix, name, content[: len(content) // 2])

    def rewrite_manifest(self, prefix: str) -> None:
        """Change the bytes of model.yaml, and so the bundle's digest, without changing its meaning."""
        self.put(prefix, "model.yaml", self.bundle_objects(prefix)["model.yaml"] + b"\n# changed\n")

    def audit_position(self) -> int:
        """The end of the audit log now, in bytes."""
        return self.cluster.audit_log.stat().st_size

    def audit_events(self, since: int) -> list[dict[str, Any]]:
        """Every write recorded after a position."""
        with self.cluster.audit_log.open("rb") as log:
            log.seek(since)
            lines = log.read().decode().splitlines()
        events = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return [e for e in events if e["stage"] == "ResponseComplete"]


def ready_pods(kube: Kube, service: str) -> list[str]:
    """Names of the service's pods that are ready."""
    return [
        pod["metadata"]["name"]
        for pod in kube.list("pods", f"serving.paddle-sla.io/service={service}")
        if any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))
    ]


def restarts(kube: Kube, pod: str) -> int:
    """How often the pod's runtime container was restarted."""
    statuses = kube.get("pod", pod)["status"]["containerStatuses"]
    return sum(int(s["restartCount"]) for s in statuses if s["name"] == "runtime")


def owned(kube: Kube, service: str) -> list[tuple[str, str]]:
    """Kind and name of everything that was made for a service."""
    return [
        (item["kind"], item["metadata"]["name"])
        for kind in OWNED
        for item in kube.list(kind, f"serving.paddle-sla.io/service={service}")
    ]
