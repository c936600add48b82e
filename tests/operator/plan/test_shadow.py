"""The Job that copies of real requests go to: whom it asks, who sends to it, and that nobody counts it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from paddle_operator import names
from paddle_operator.plan import KubeObject, LiveRevision
from paddle_operator.plan.preflight import questions
from paddle_operator.plan.shadow import mirror_filter, receives, shadow_job, shadow_service, still_sent_to
from paddle_operator.sla.gateway import clusters
from paddle_operator.spec.rollout import Preflight
from tests.operator.given import World, a_service

SERVICE = a_service()
IDENTITY = SERVICE.identity
(STABLE,) = World(SERVICE).settles().live
TRIED = replace(STABLE, name="ocr-tried")
GOLDEN = {"goldenSetRef": {"configMap": "golden"}}
COPYING = Preflight.model_validate({"shadow": {"samplePercent": 5, "requests": 20, "timeoutSeconds": 900}})


def the_job(tried: LiveRevision = TRIED) -> KubeObject:
    job = shadow_job(IDENTITY, COPYING, tried, STABLE)
    assert job is not None
    return job


def container_of(job: KubeObject) -> dict[str, Any]:
    (container,) = job["spec"]["template"]["spec"]["containers"]
    return dict(container)


@pytest.mark.parametrize(
    ("preflight", "tried", "stable"),
    [
        (Preflight(), TRIED, STABLE),
        (COPYING, TRIED, None),
        (COPYING, replace(TRIED, revision=None), STABLE),
    ],
)
def test_without_a_wish_or_two_revisions_there_is_none(
    preflight: Preflight, tried: LiveRevision, stable: LiveRevision | None
) -> None:
    assert shadow_job(IDENTITY, preflight, tried, stable) is None


def test_it_listens_and_asks_both_revisions() -> None:
    arguments = container_of(the_job())["args"]
    told = dict(zip(arguments[1::2], arguments[2::2], strict=True))
    assert told["--listen"] == "8080"
    assert told["--new"] == f"http://ocr-tried.{IDENTITY.namespace}.svc:80"
    assert told["--stable"] == f"http://{STABLE.name}.{IDENTITY.namespace}.svc:80"
    assert (told["--copies"], told["--timeout-seconds"]) == ("20", "900")
    assert container_of(the_job())["ports"] == [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]


def test_it_keeps_nothing_and_holds_nothing() -> None:
    pod = the_job()["spec"]["template"]["spec"]
    assert [volume["name"] for volume in pod["volumes"]] == ["tmp"]
    assert pod["automountServiceAccountToken"] is False
    assert container_of(the_job())["securityContext"]["readOnlyRootFilesystem"] is True


def test_it_has_the_time_that_it_was_given_and_that_of_its_start() -> None:
    assert the_job()["spec"]["activeDeadlineSeconds"] == 900 + 600


def test_its_service_has_the_pod_of_this_job_alone() -> None:
    one, other = the_job(), the_job(replace(TRIED, name="ocr-other"))
    service = shadow_service(IDENTITY, one)
    assert service["spec"]["selector"] == {"batch.kubernetes.io/job-name": one["metadata"]["name"]}
    assert one["metadata"]["name"] != other["metadata"]["name"]
    (port,) = service["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (names.SERVICE_PORT, "http")


def test_the_gateway_copies_the_sample_to_it() -> None:
    assert mirror_filter(IDENTITY, Preflight()) is None
    found = mirror_filter(IDENTITY, COPYING)
    assert found is not None
    assert found["type"] == "RequestMirror"
    assert found["requestMirror"]["percent"] == 5
    assert (
        found["requestMirror"]["backendRef"]["name"]
        == shadow_service(IDENTITY, the_job())["metadata"]["name"]
    )


@pytest.mark.parametrize(("cluster", "counted"), [("", True), ("/backend/0", True), ("-mirror-1", False)])
def test_copies_are_in_no_count_of_the_gateway(cluster: str, counted: bool) -> None:
    """A mirror is a cluster of this name in Envoy Gateway 1.9 (internal/gatewayapi/filters.go)."""
    name = f"httproute/{IDENTITY.namespace}/{IDENTITY.name}/rule/0{cluster}"
    assert bool(re.fullmatch(clusters(IDENTITY.namespace, IDENTITY.name), name)) is counted


@pytest.mark.parametrize(
    ("copies", "generation", "read", "sent"),
    [(True, 2, 2, True), (False, 2, 1, True), (False, 2, 2, False), (True, 2, 1, True)],
)
def test_its_service_stays_until_every_gateway_has_read_that_the_filter_is_gone(
    copies: bool, generation: int, read: int, sent: bool
) -> None:
    filters = [mirror_filter(IDENTITY, COPYING)] if copies else []
    accepted = {"type": "Accepted", "status": "True", "observedGeneration": read}
    route = {
        "kind": "HTTPRoute",
        "metadata": {"name": IDENTITY.name, "generation": generation},
        "spec": {"rules": [{"filters": filters}]},
        "status": {"parents": [{"conditions": [accepted]}]},
    }
    assert (shadow_service(IDENTITY, the_job())["metadata"]["name"] in still_sent_to([route])) is sent


def test_without_a_route_nobody_sends_anything() -> None:
    assert not still_sent_to([shadow_service(IDENTITY, the_job())])


def test_the_filter_waits_for_the_service() -> None:
    asked = {"preflight": COPYING, "tried": TRIED, "stable": STABLE, "routed": True}
    service = shadow_service(IDENTITY, the_job())
    assert not questions(IDENTITY, received=receives(IDENTITY, []), **asked).mirror  # type: ignore[arg-type]
    assert questions(IDENTITY, received=receives(IDENTITY, [service]), **asked).mirror  # type: ignore[arg-type]


def test_its_names_fit_for_the_longest_service() -> None:
    longest = replace(IDENTITY, name="a" * names.MAX_SERVICE_NAME)
    job = shadow_job(longest, COPYING, TRIED, STABLE)
    assert job is not None
    assert len(job["metadata"]["name"]) <= 63
    assert len(shadow_service(longest, job)["metadata"]["name"]) <= 63


@pytest.mark.parametrize(
    ("asked", "routed", "kinds"),
    [
        ({}, True, []),
        ({"shadow": {}}, False, []),
        ({"shadow": {}}, True, ["NetworkPolicy", "Service", "Job"]),
        ({"goldenSetRef": {"configMap": "golden"}}, True, ["NetworkPolicy", "Job"]),
        (
            {"goldenSetRef": {"configMap": "golden"}, "shadow": {}},
            True,
            ["NetworkPolicy", "Service", "Job", "Job"],
        ),
        ({"goldenSetRef": {"configMap": "golden"}, "shadow": {}}, False, ["NetworkPolicy", "Job"]),
    ],
)
def test_what_is_asked_is_put_together_with_what_it_needs(
    asked: dict[str, Any], routed: bool, kinds: list[str]
) -> None:
    preflight = Preflight.model_validate(asked)
    found = questions(IDENTITY, preflight, TRIED, STABLE, routed=routed)
    assert [item["kind"] for item in found.objects] == kinds
    jobs = [item["metadata"]["name"] for item in found.objects if item["kind"] == "Job"]
    assert list(found.jobs) == jobs
    assert bool(found.mirror) == ("Service" in kinds)


def test_a_first_revision_is_asked_the_golden_set_alone() -> None:
    preflight = Preflight.model_validate({**GOLDEN, "shadow": {}})
    found = questions(IDENTITY, preflight, TRIED, None, routed=True)
    assert found.left_out.startswith("the shadow is left out, for no pod of the stable revision is there")
    assert [item["kind"] for item in found.objects] == ["NetworkPolicy", "Job"]
