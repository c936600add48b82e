"""Envoy Gateway's BackendTrafficPolicy: a caller does not notice a pod that dies.

A request is a pure function of its body, so repeating it is safe. It is repeated when no pod was reached,
when the connection broke, and on 503, which the runtime answers only for requests that it has not started
(queue full, draining, not ready): the next pod may have room. Attempts and parallel repetitions are
bounded, so that a full service is not buried under repetitions.
Not set here: the buffer that a picture needs to be sent twice. It belongs to the Gateway's owner
(ClientTrafficPolicy, connection.bufferLimit), because one policy holds for every route of a Gateway.
"""

from __future__ import annotations

from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import KubeObject, Platform
from paddle_operator.spec.model import Identity


def traffic_policy(identity: Identity, platform: Platform, route: KubeObject | None) -> KubeObject | None:
    """Return the policy of the route; None without a route or without Envoy Gateway."""
    if route is None or not platform.envoy_gateway:
        return None
    spec = {
        "targetRefs": [
            {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": route["metadata"]["name"]}
        ],
        "loadBalancer": {"type": "LeastRequest"},
        "retry": {
            "numRetries": 2,
            "retryOn": {
                "triggers": ["connect-failure", "refused-stream", "reset", "retriable-status-codes"],
                "httpStatusCodes": [503],
            },
            "perRetry": {"backOff": {"baseInterval": "25ms", "maxInterval": "250ms"}},
        },
        "circuitBreaker": {"maxParallelRetries": 64},
    }
    return kube_object(
        identity, "gateway.envoyproxy.io/v1alpha1", "BackendTrafficPolicy", identity.name, {"spec": spec}
    )
