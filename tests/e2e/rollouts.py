"""What the tests of rollouts share: a service that promises something, its changes, and who gets requests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from hack.demo.kubectl import Kube, eventually
from paddle_operator.plan.route import percents
from tests.e2e.load import Request, Steady
from tests.e2e.resources import DIGITS_REQUEST, Resource, digits
from tests.e2e.testbed import Testbed

PER_SECOND = 20.0
STEP = {"minDurationSeconds": 10, "maxDurationSeconds": 120}
STEPS = [{"weight": 20, **STEP}, {"weight": 50, **STEP}]
UP = {"name": "up", "availability": {"targetPercent": "99"}}
ERRORS = {"name": "errors", "errorRate": {"maxPercent": "1"}}
ANYWAY = {"override": "Repair"}
"""A budgetPolicy by which a rollout begins, whatever a busy machine has made of the budget."""


def host(name: str) -> str:
    return f"{name}.example.com"


def promising(name: str, *objectives: dict[str, Any], **rollout: Any) -> Resource:
    """A digit classifier behind the gateway that promises 99 % or these objectives, with short steps."""
    made = digits(name).through_gateway(host(name))
    promised = list(objectives) or [UP, ERRORS]
    made = made.sla(objectives=promised, minTraffic={"requests": 1, "periodSeconds": 300})
    short = {"steps": STEPS, "analysis": {"intervalSeconds": 5}, "bake": {"durationMinutes": 1}}
    return made.rollout(**{**short, **rollout})


def changed(resource: Resource, **runtime: Any) -> Resource:
    """The same with another runtime: a new revision."""
    return resource.runtime(**(runtime or {"queue": {"maxRequests": 65}}))


def with_fault(resource: Resource, image: str, fault: str) -> Resource:
    """The same with an image that has a fault: a new revision."""
    return resource.runtime(image=image, pod={"env": [{"name": "FAULT", "value": fault}]})


def request_to(site: Testbed, name: str) -> Request:
    url = f"{site.gateway_url}/v2/models/{name}/infer"
    return Request(url, DIGITS_REQUEST.read_bytes(), "application/json", host(name))


def serving(site: Testbed, kube: Kube, resource: Resource) -> str:
    """Bring it up until the gateway, too, knows its pods; the name of its revision."""
    name = resource.body["metadata"]["name"]
    kube.apply(resource.body)
    kube.wait_condition(name, "Ready", "True", timeout=120)
    one = request_to(site, name)

    def answered() -> bool | None:
        answer = httpx.post(one.url, content=one.body, headers=one.headers(), timeout=one.timeout_seconds)
        return True if answer.status_code == 200 else None

    eventually(answered, 30, f"the gateway answers for {host(name)}")
    return str(kube.get("pms", name)["status"]["stable"]["revision"])


@contextmanager
def asked(site: Testbed, kube: Kube, resource: Resource, seconds: float = 15) -> Iterator[tuple[str, Steady]]:
    """Let it serve, and callers ask it to the end of the block, which begins so many seconds after them: a
    rollout begins where they are enough to prove it by. Yields its revision, and the load."""
    stable = serving(site, kube, resource)
    with Steady(request_to(site, resource.body["metadata"]["name"]), per_second=PER_SECOND) as load:
        time.sleep(seconds)
        yield stable, load


def tried(kube: Kube, resource: Resource) -> str:
    """Apply a change; the name of its revision, once that takes its first share."""
    name = resource.body["metadata"]["name"]
    kube.apply(resource.body)
    rolling(kube, name, "CanaryStep")
    return canary(kube, name)


def rolling(kube: Kube, name: str, reason: str, timeout: float = 120) -> dict[str, Any]:
    """The condition RolloutComplete, once the rollout is on its way or ended for this reason."""
    return kube.wait_condition(name, "RolloutComplete", "False", reason=reason, timeout=timeout)


def canary(kube: Kube, name: str) -> str:
    """The name of the revision that is tried."""
    return str(kube.get("pms", name)["status"]["canary"]["revision"])


def weights(kube: Kube, name: str) -> dict[str, int]:
    """The percent that the route sends to whom."""
    return {one: percent for one, percent in percents(kube.get("httproute", name)).items() if percent}


def wait_for_weights(kube: Kube, name: str, wanted: dict[str, int], timeout: float = 120) -> None:
    """Wait until the route sends so much to whom."""
    eventually(
        lambda: True if weights(kube, name) == wanted else None,
        timeout,
        lambda: f"{wanted}; is {weights(kube, name)}, {kube.get('pms', name)['status'].get('rollout')}",
    )
