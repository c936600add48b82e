"""What the gateway is told by the operator, read out of the objects that it makes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from paddle_operator.plan.model import Platform
from paddle_operator.plan.route import REQUEST_TIMEOUT
from paddle_operator.plan.traffic_policy import traffic_policy
from paddle_operator.spec.model import Identity


@dataclass(frozen=True)
class Policy:
    """Times are seconds."""

    retries: int
    first_backoff: float
    longest_backoff: float
    parallel_retries: int
    connect_timeout: float
    attempt_timeout: float
    request_timeout: float
    ejection: float
    most_ejected_share: float


def policy() -> Policy:
    """The BackendTrafficPolicy and the HTTPRoute of any service."""
    identity = Identity("any", "any", "", 0)
    platform = Platform({}, gateway_api=True, envoy_gateway=True)
    made = traffic_policy(identity, platform, {"metadata": {"name": "any"}})
    assert made is not None
    spec = made["spec"]
    backoff, passive = spec["retry"]["perRetry"]["backOff"], spec["healthCheck"]["passive"]
    return Policy(
        retries=spec["retry"]["numRetries"],
        first_backoff=seconds(backoff["baseInterval"]),
        longest_backoff=seconds(backoff["maxInterval"]),
        parallel_retries=spec["circuitBreaker"]["maxParallelRetries"],
        connect_timeout=seconds(spec["timeout"]["tcp"]["connectTimeout"]),
        attempt_timeout=seconds(spec["retry"]["perRetry"]["timeout"]),
        request_timeout=seconds(REQUEST_TIMEOUT),
        ejection=seconds(passive["baseEjectionTime"]),
        most_ejected_share=passive["maxEjectionPercent"] / 100,
    )


def seconds(duration: str) -> float:
    """A duration with one unit, such as 25ms."""
    found = re.fullmatch(r"(\d+)(ms|s|m)", duration)
    if found is None:
        raise ValueError(f"{duration!r} is no duration in m, s or ms")
    return int(found[1]) * {"ms": 0.001, "s": 1.0, "m": 60.0}[found[2]]
