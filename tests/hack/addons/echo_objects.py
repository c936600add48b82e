"""The Kubernetes objects of the echo backends, their route and the policy under test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hack.cluster.images_base import BASE

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
    return {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "BackendTrafficPolicy",
        "metadata": {"name": "echo"},
        "spec": {
            "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "echo"}],
            "loadBalancer": {"type": "LeastRequest"},
            "retry": {
                "numRetries": 2,
                "retryOn": {
                    "triggers": ["connect-failure", "refused-stream", "reset", "retriable-status-codes"],
                    "httpStatusCodes": [503],
                },
                "perRetry": {
                    "timeout": "5s",
                    "backOff": {"baseInterval": "25ms", "maxInterval": "250ms"},
                },
            },
            "circuitBreaker": {"maxParallelRetries": 64},
        },
    }


def listed(*objects: Object) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
