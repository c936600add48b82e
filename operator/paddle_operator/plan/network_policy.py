"""The NetworkPolicy: who may talk to the pods, and whom they may talk to.

In: the runtime's ports, from pods of the cluster. Gateways and Prometheus live in namespaces that the
operator cannot know, so the rule names no namespace; addresses outside the cluster are refused. Out: DNS,
and the ports of the model's stores. Nothing else: the API takes no addresses from callers.
It binds only where the cluster's network plugin enforces NetworkPolicy.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from paddle_operator import names
from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import KubeObject
from paddle_operator.spec.model import Identity
from paddle_operator.spec.source import Source


def network_policy(identity: Identity, sources: Iterable[Source]) -> KubeObject:
    """Return the policy for all pods of the resource, which read these bundles."""
    ports = sorted({port for source in sources if (port := store_port(source)) is not None})
    egress: list[dict[str, Any]] = [
        {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]},
    ]
    if ports:
        egress.append({"ports": [{"port": port, "protocol": "TCP"} for port in ports]})
    spec = {
        "podSelector": {"matchLabels": names.service_labels(identity.name)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {
                "from": [{"namespaceSelector": {}}],
                "ports": [
                    {"port": port, "protocol": "TCP"}
                    for port in (names.RUNTIME_PORT, names.RUNTIME_GRPC_PORT)
                ],
            }
        ],
        "egress": egress,
    }
    return kube_object(identity, "networking.k8s.io/v1", "NetworkPolicy", identity.name, {"spec": spec})


def compare_policy(identity: Identity) -> KubeObject:
    """Return the policy for the pods that compare answers: beside DNS they may ask the service's pods.

    Policies add up, so that no other pod is let out further.
    """
    pods = names.service_labels(identity.name)
    spec = {
        "podSelector": {
            "matchLabels": pods,
            "matchExpressions": [{"key": names.LABEL_COMPARES, "operator": "Exists"}],
        },
        "policyTypes": ["Egress"],
        "egress": [
            {
                "to": [{"podSelector": {"matchLabels": pods}}],
                "ports": [{"port": names.RUNTIME_PORT, "protocol": "TCP"}],
            }
        ],
    }
    name = names.compare_policy_name(identity.name)
    return kube_object(identity, "networking.k8s.io/v1", "NetworkPolicy", name, {"spec": spec})


def store_port(source: Source) -> int | None:
    """Return the TCP port of the store; None for one that needs no network."""
    address = source.s3.endpoint if source.s3 is not None else source.uri
    if not address.startswith(("http://", "https://")):
        return None
    parts = urlsplit(address)
    return parts.port or (443 if parts.scheme == "https" else 80)
