"""The provider of external metrics as a pod of the cluster, and the API server told to ask it.

KEDA answers the same API where it is installed: what the API server was told before is put back afterwards.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from hack.cluster.constants import MONITORING_NAMESPACE
from hack.cluster.images.base import BASE
from hack.demo.kubectl import Kube, KubectlRefused, eventually
from hack.demo.site import Site
from paddle_operator.plan.autoscaler import EXTERNAL_METRICS
from paddle_operator.sla.load_queries import offered_load
from paddle_operator.spec.scaling import MetricType

PROVIDER = Path(__file__).with_name("external_metrics_provider.py")
NAMESPACE, NAME = "metrics-provider", "provider"
APISERVICE = "v1beta1.external.metrics.k8s.io"
METRIC = EXTERNAL_METRICS[MetricType.REQUESTS_PER_REPLICA]

Object = dict[str, Any]


@dataclass(frozen=True)
class Provider:
    """The one that runs."""

    kube: Kube

    def says(self, value: str) -> None:
        """Let it answer with this number; empty: with what Prometheus says."""
        address = self.kube.get("service", NAME)["spec"]["clusterIP"]
        httpx.put(f"https://{address}/set", content=value, verify=False, timeout=10).raise_for_status()

    def scaled_to(self, replicas: int) -> None:
        """Stop it with 0, start it with 1."""
        self.kube.run("scale", f"deployment/{NAME}", f"--replicas={replicas}")


@contextmanager
def provided(site: Site, folder: Path) -> Iterator[Provider]:
    """Run it; `folder` is for its certificate."""
    site.make_namespace(NAMESPACE)
    kube = site.kube(NAMESPACE)
    _certificate(folder)
    for item in (*_objects(folder), _service()):
        kube.apply(item)
    kube.run("rollout", "status", f"deployment/{NAME}", "--timeout=120s", timeout=130)
    before = _registered(kube)
    try:
        _register(kube, _api_service())
        eventually(lambda: _available(kube), 60, "the API server reaches the provider")
        yield Provider(kube)
    finally:
        kube.run("delete", "apiservice", APISERVICE, "--ignore-not-found")
        if before is not None:
            _register(kube, before)
        kube.delete("namespace", NAMESPACE)


def _certificate(folder: Path) -> None:
    """Make a key and a certificate that vouches for itself."""
    name = f"{NAME}.{NAMESPACE}.svc"
    command = ["openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
    key = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-keyout",
        "tls.key",
        "-out",
        "tls.crt",
    ]
    alternative = ["-addext", f"subjectAltName=DNS:{name}"]
    subprocess.run([*command, *key, *alternative], cwd=folder, check=True, capture_output=True)


def _objects(folder: Path) -> tuple[Object, ...]:
    script = {"kind": "ConfigMap", "metadata": {"name": NAME}, "data": {"provider.py": PROVIDER.read_text()}}
    files = {name: (folder / name).read_text() for name in ("tls.crt", "tls.key")}
    secret = {"kind": "Secret", "metadata": {"name": NAME}, "type": "kubernetes.io/tls", "stringData": files}
    return ({"apiVersion": "v1", **script}, {"apiVersion": "v1", **secret}, _deployment())


def _deployment() -> Object:
    told = {
        "METRIC": METRIC,
        "QUERY": offered_load("NAMESPACE", "REVISION"),
        "PROMETHEUS": f"http://prometheus.{MONITORING_NAMESPACE}.svc:9090",
    }
    mounts = {"script": {"configMap": {"name": NAME}}, "certificate": {"secret": {"secretName": NAME}}}
    container = {
        "name": NAME,
        "image": BASE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "/script/provider.py"],
        "env": [{"name": name, "value": value} for name, value in told.items()],
        "readinessProbe": {"tcpSocket": {"port": 6443}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": name, "mountPath": f"/{name}"} for name in mounts],
    }
    security = {"runAsNonRoot": True, "runAsUser": 65532, "fsGroup": 65532}
    pod = {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 0,
        "securityContext": {**security, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": name, **volume} for name, volume in mounts.items()],
    }
    labels = {"app": NAME}
    spec = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NAME}, "spec": spec}


def _service() -> Object:
    spec = {"selector": {"app": NAME}, "ports": [{"port": 443, "targetPort": 6443}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": NAME}, "spec": spec}


def _api_service() -> Object:
    group, version = "external.metrics.k8s.io", "v1beta1"
    spec = {
        "group": group,
        "version": version,
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
        "service": {"name": NAME, "namespace": NAMESPACE, "port": 443},
        "insecureSkipTLSVerify": True,  # an authority would be replaced by KEDA's, where that runs
    }
    metadata = {"name": APISERVICE}
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": metadata,
        "spec": spec,
    }


def _register(kube: Kube, item: Object) -> None:
    """In the place of the one that is there: who asks is told where by one object in the whole cluster."""
    kube.run("delete", "apiservice", APISERVICE, "--ignore-not-found")
    kube.run("create", "-f", "-", stdin=json.dumps(item))


def _registered(kube: Kube) -> Object | None:
    """The object that is there, as it can be made again."""
    try:
        found = kube.get("apiservice", APISERVICE)
    except KubectlRefused:
        return None
    kept = {name: found["metadata"][name] for name in ("name", "labels") if name in found["metadata"]}
    return {**{name: found[name] for name in ("apiVersion", "kind", "spec")}, "metadata": kept}


def _available(kube: Kube) -> bool | None:
    conditions = kube.get("apiservice", APISERVICE).get("status", {}).get("conditions", [])
    return any(one["type"] == "Available" and one["status"] == "True" for one in conditions) or None
