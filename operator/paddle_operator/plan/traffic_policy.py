"""Envoy Gateway's BackendTrafficPolicy: a caller does not notice a pod that dies.

A request is a pure function of its body, so repeating it is safe. It is repeated when no pod was reached,
when the connection broke, and on 503, which the runtime answers only for requests that it has not started
(queue full, draining, not ready): the next pod may have room. Attempts and parallel repetitions are
bounded, so that a full service is not buried under repetitions.
Envoy can repeat a request only while it still holds the whole body. It takes the body in before it chooses
a pod (requestBuffer), so that this works on every Gateway: otherwise its owner would have to raise the
buffer of 32 KiB, which no picture fits into, for all routes. It also keeps slow senders away from the pods.
A pod that cannot be connected to is left out for a few seconds. One that sheds load is not: its 503 are its
way to stay alive, and leaving it out would push its load onto the others.
"""

from __future__ import annotations

from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import KubeObject, Platform
from paddle_operator.spec.model import Identity

ATTEMPT_TIMEOUT = "30s"
"""Not more than a pod's drain time, so that a pod that ends can finish what it holds."""
RETRIES = 3
"""A request is sent to so many other pods, one after the other."""
REQUEST_BUFFER = "24Mi"
"""Larger bodies get the gateway's 413. Above the runtime's cap of 20 MiB, whose 413 says more."""
SHEDDING_IS_NO_FAULT = 1000
"""Answers 5xx in a row that make Envoy leave a pod out: practically never, and 0 would mean the
default of 5."""


def traffic_policy(identity: Identity, platform: Platform, route: KubeObject | None) -> KubeObject | None:
    """Return the policy of all the route's rules; None without a route or without Envoy Gateway."""
    if route is None or not platform.envoy_gateway:
        return None
    target = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": route["metadata"]["name"]}
    spec = {
        "targetRefs": [target],
        "loadBalancer": {"type": "LeastRequest"},
        "requestBuffer": {"limit": REQUEST_BUFFER},
        "timeout": {"tcp": {"connectTimeout": "1s"}},
        "retry": {
            "numRetries": RETRIES,
            "retryOn": {
                "triggers": ["connect-failure", "refused-stream", "reset", "retriable-status-codes"],
                "httpStatusCodes": [503],
            },
            "perRetry": {
                "timeout": ATTEMPT_TIMEOUT,
                "backOff": {"baseInterval": "25ms", "maxInterval": "250ms"},
            },
        },
        "circuitBreaker": {"maxParallelRetries": 64},
        "healthCheck": {
            "passive": {
                "splitExternalLocalOriginErrors": True,
                "consecutiveLocalOriginFailures": 1,
                "consecutiveGatewayErrors": SHEDDING_IS_NO_FAULT,
                "consecutive5XxErrors": SHEDDING_IS_NO_FAULT,
                "interval": "1s",
                "baseEjectionTime": "5s",
                "maxEjectionPercent": 50,
            }
        },
    }
    return kube_object(
        identity, "gateway.envoyproxy.io/v1alpha1", "BackendTrafficPolicy", identity.name, {"spec": spec}
    )
