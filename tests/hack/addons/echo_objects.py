"""The Kubernetes objects of the echo backends, their route and the policy under test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hack.cluster.images.base import BASE
from paddle_operator.plan.model import Platform
from paddle_operator.plan.traffic_policy import traffic_policy
from paddle_operator.spec.model import Identity

BACKEND = Path(__file__).with_name("echo_backend.py")
HOST = "echo.test"
LABELS = {"app": "echo"}

Object = dict[str, Any]


def script() -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "echo"},
        "data": {"backend.py": BACKEND.read_text()},
    }


def deployment(name: str, *, fault: str = "", replicas: int = 1) -> Object:
    container = {
        "name": "echo",
        "image": BASE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "/backend/backend.py"],
        "env": [{"name": "FAULT", "value": fault}],
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": {"tcpSocket": {"port": "http"}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "backend", "mountPath": "/backend"}],
    }
    pod = {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 0,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "backend", "configMap": {"name": "echo"}}],
    }
    labels = {**LABELS, "app.kubernetes.io/name": "echo", "deployment": name}
    scraped = {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"}
    template = {"metadata": {"labels": labels, "annotations": scraped}, "spec": pod}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"deployment": name}},
            "template": template,
        },
    }


def service() -> Object:
    spec = {"selector": LABELS, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "echo"}, "spec": spec}


def route() -> Object:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "echo"},
        "spec": {
            "parentRefs": [{"name": "paddle", "namespace": "gateway"}],
            "hostnames": [HOST],
            "rules": [
                {"backendRefs": [{"name": "echo", "port": 80}], "timeouts": {"request": "10s"}},
            ],
        },
    }


def retry_policy() -> Object:
    """The policy that the operator gives every route; passive health keeps a retry off a dead backend."""
    platform = Platform({}, gateway_api=True, envoy_gateway=True)
    policy = traffic_policy(Identity("echo", "", "", 0), platform, {"metadata": {"name": "echo"}})
    assert policy is not None
    return {**policy, "metadata": {"name": "echo"}}


def listed(*objects: Object) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
