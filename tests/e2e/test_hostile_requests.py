"""The hostile corpus against pods with their memory limits, good requests among it."""

from __future__ import annotations

import copy
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from hack.demo.kubectl import Kube
from tests.e2e.resources import DIGITS_REQUEST, Resource, digits, ocr
from tests.e2e.testbed import ready_pods
from tests.runtime.hostile.case import Case, send, verdict
from tests.runtime.hostile.json_requests import tensors
from tests.runtime.hostile.requests import quick, slow_senders
from tests.runtime.hostile.test_hostile_requests import line_of_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]
GOOD_SECONDS = 20.0
GOOD_AFTER = 5
"""Hostile requests, or one that takes its time. The unit tests send a good one beside each."""
HTTP_PORT = 80


def with_default_resources(resource: Resource) -> Resource:
    """As a user has it who says nothing of resources."""
    body = copy.deepcopy(resource.body)
    body["spec"]["runtime"].pop("resources")
    return Resource(body)


def serve(kube: Kube, name: str, resource: Resource) -> str:
    """Apply it and wait; the address of its plain Service."""
    kube.apply(resource.body)
    kube.wait_condition(name, "Ready", "True", timeout=300)
    address: str = kube.get("service", name)["spec"]["clusterIP"]
    return address


def restarts(kube: Kube, service: str) -> dict[str, int]:
    """How often each container of the service's ready pods was restarted."""
    return {
        f"{pod}/{status['name']}": int(status["restartCount"])
        for pod in ready_pods(kube, service)
        for status in kube.get("pod", pod)["status"]["containerStatuses"]
    }


def failures_of(address: str, cases: list[Case], path: str, content: bytes, content_type: str) -> list[str]:
    """Each hostile request, and a good one after every few."""
    failures: list[str] = []
    headers = {"content-type": content_type}
    with httpx.Client(base_url=f"http://{address}", timeout=GOOD_SECONDS, trust_env=False) as good:
        wanted = good.post(path, content=content, headers=headers)
        assert wanted.status_code == 200, wanted.text
        for number, case in enumerate(cases, start=1):
            began = time.monotonic()
            if problem := verdict(case, send((address, HTTP_PORT), case, seconds=60)):
                failures.append(problem)
            if number % GOOD_AFTER and number < len(cases) and time.monotonic() - began < 1:
                continue
            answer = good.post(path, content=content, headers=headers)
            if answer.status_code != 200:
                failures.append(f"beside {case.name}: {answer.status_code} {answer.text[:200]}")
    return failures


def failures_of_slow(address: str, path: str, content: bytes, content_type: str) -> list[str]:
    """All slow senders at one time, and a good request among them."""

    def sent(case: Case) -> str | None:
        return verdict(case, send((address, HTTP_PORT), case, seconds=60))

    cases = list(slow_senders())
    with ThreadPoolExecutor(len(cases)) as callers:
        outcomes = [callers.submit(sent, case) for case in cases]
        time.sleep(1)  # each has begun
        answer = httpx.post(
            f"http://{address}{path}",
            content=content,
            headers={"content-type": content_type},
            timeout=GOOD_SECONDS,
        )
        failures = [found for one in outcomes if (found := one.result())]
    if answer.status_code != 200:
        failures.append(f"beside slow senders: {answer.status_code} {answer.text[:200]}")
    return failures


def test_no_hostile_request_ends_a_reading_pod_or_keeps_a_good_one_waiting(kube: Kube) -> None:
    address = serve(kube, "besieged", with_default_resources(ocr("besieged")))
    before = restarts(kube, "besieged")
    good = ("/v1/ocr", line_of_text(), "image/png")
    found = failures_of(address, quick(), *good) + failures_of_slow(address, *good)
    assert found == [], "\n".join(found)
    assert restarts(kube, "besieged") == before
    kube.delete("pms", "besieged")


def test_no_hostile_tensor_ends_a_pod(kube: Kube) -> None:
    address = serve(kube, "beset", with_default_resources(digits("beset")))
    before = restarts(kube, "beset")
    good = DIGITS_REQUEST.read_bytes()
    cases = list(tensors("beset"))
    found = failures_of(address, cases, "/v2/models/beset/infer", good, "application/json")
    assert found == [], "\n".join(found)
    assert restarts(kube, "beset") == before
    kube.delete("pms", "beset")
