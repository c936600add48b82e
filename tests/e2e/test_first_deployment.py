"""A service is applied, becomes Ready, and reads pages through the gateway, from memory, all buckets warm."""

from __future__ import annotations

import base64
import json

import httpx
import pytest
import yaml

from hack.demo.bundles import ppocr_bundle
from hack.demo.kubectl import Kube, eventually
from hack.demo.page import INVOICE, render
from tests.e2e.resources import ocr
from tests.e2e.testbed import Testbed

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(400)]
HOST = "first.example.com"
ENGLISH = (
    "The quick brown fox jumps over the lazy dog",
    "Invoice number 2026-1122, total 1,284.50 EUR",
    "Payment is due within 30 days of delivery",
    "Questions? Write to billing before Friday",
)


@pytest.fixture(scope="module")
def service(kube: Kube) -> str:
    """An OCR service behind the gateway, ready."""
    latency = {"name": "latency", "latency": {"percentile": "95", "thresholdMilliseconds": 1000}}
    up = {"name": "up", "availability": {"targetPercent": "99"}}
    kube.apply(ocr("first").through_gateway(HOST).sla(objectives=[latency, up]).body)
    kube.wait_condition("first", "Ready", "True", timeout=300)
    return "first"


def read(site: Testbed, body: bytes, content_type: str) -> httpx.Response:
    """One picture through the gateway."""
    return httpx.post(
        f"{site.gateway_url}/v1/ocr",
        content=body,
        headers={"host": HOST, "content-type": content_type},
        timeout=30,
    )


@pytest.mark.parametrize("lines", [INVOICE, ENGLISH], ids=["chinese", "english"])
def test_a_clean_page_comes_back_without_a_wrong_character(
    site: Testbed, service: str, lines: tuple[str, ...]
) -> None:
    answer = read(site, render(lines).png, "image/png")
    assert answer.status_code == 200, answer.text
    assert [line["text"] for line in answer.json()["lines"]] == list(lines)


def test_the_three_forms_of_a_request_give_the_same_text(site: Testbed, service: str) -> None:
    png = render(INVOICE[:3]).png
    raw = read(site, png, "image/png").json()["lines"]
    coded = read(site, json.dumps({"image": base64.b64encode(png).decode()}).encode(), "application/json")
    form = httpx.post(
        f"{site.gateway_url}/v1/ocr", files={"file": ("page.png", png)}, headers={"host": HOST}, timeout=30
    )
    assert raw == coded.json()["lines"] == form.json()["lines"]
    assert len(raw) == 3


def test_the_model_is_served_from_memory_and_every_bucket_was_warmed(kube: Kube, service: str) -> None:
    (pod,) = kube.list("pods", f"serving.paddle-sla.io/service={service}")
    mounts = kube.run("exec", pod["metadata"]["name"], "-c", "runtime", "--", "cat", "/proc/mounts")
    assert any(line.split()[1:3] == ["/models/bundle", "tmpfs"] for line in mounts.splitlines())
    listing = kube.run("exec", pod["metadata"]["name"], "-c", "runtime", "--", "ls", "/models/bundle")
    assert "model.yaml" in listing
    log = kube.run("logs", pod["metadata"]["name"], "-c", "runtime")
    manifest = yaml.safe_load((ppocr_bundle() / "model.yaml").read_text())
    declared = sum(len(module["buckets"]) for module in manifest["modules"].values())
    assert f"warmed {declared} shapes" in log


def test_workers_of_a_pod_are_not_bound_to_a_cpu(kube: Kube, service: str) -> None:
    (pod,) = kube.list("pods", f"serving.paddle-sla.io/service={service}")
    inside = ("exec", pod["metadata"]["name"], "-c", "runtime", "--", "sh", "-c")
    counted = "grep -h Seccomp_filters /proc/[0-9]*/status"
    filters = [int(line.split()[1]) for line in kube.run(*inside, counted).splitlines()]
    assert max(filters) > min(filters), "a worker has one filter more than the front end"
    assert "binding" not in kube.run("logs", pod["metadata"]["name"], "-c", "runtime")


def test_requests_are_counted_and_the_promise_is_judged_by_them(
    site: Testbed, kube: Kube, service: str
) -> None:
    kube.wait_condition(service, "MetricsAvailable", "True", timeout=60)
    for _ in range(20):  # as many as minTraffic wants
        assert read(site, render(INVOICE[:1]).png, "image/png").status_code == 200

    def judged() -> dict[str, dict[str, str]] | None:
        status = kube.get("pms", service)["status"]
        met = next(one for one in status["conditions"] if one["type"] == "SLAMet")
        return (
            {one["name"]: one for one in status["sla"]["objectives"]} if met["status"] != "Unknown" else None
        )

    objectives = eventually(judged, 120, lambda: str(kube.conditions(service)))
    source = {name: one["source"] for name, one in objectives.items()}
    assert source == {name: "Gateway" if name == "up" else "Runtime" for name in objectives}
    up = objectives["up"]
    assert (up["attainedPercent"], up["budgetRemainingPercent"]) == ("100.00", "100.0")
    assert "up 100.00 % of 99 % promised" in kube.conditions(service)["SLAMet"]["message"]
    assert "BUDGET" in kube.run("get", "pms", service)


def test_every_condition_is_there_from_the_first_status(kube: Kube, service: str) -> None:
    assert set(kube.conditions(service)) == {
        "Ready", "ModelLoaded", "SLAMet", "SLAFeasible", "RolloutComplete", "RouteAccepted",
        "MetricsAvailable", "ScalingActive", "Reconciling", "Stalled",
    }  # fmt: skip


def test_a_person_sees_the_service_with_kubectl(kube: Kube, service: str) -> None:
    shown = kube.run("get", "pms", service)
    assert "READY" in shown
    assert HOST in shown
    assert "s3://" in kube.run("explain", "pms.spec.model.uri")
    wide = kube.run("get", "pms", service, "-o", "wide")
    assert "sha256:" in wide
    assert "95 % within 1000 ms" in wide


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"", "image/png", 400),
        (b"not a picture at all", "image/png", 415),
        (render(INVOICE[:1]).png[:300], "image/png", 422),
        (b"{", "application/json", 400),
        (b"GIF89a", "image/gif", 415),
        (b"\x00" * (21 << 20), "image/png", 413),
    ],
    ids=["empty", "text", "truncated", "half JSON", "another kind", "too large"],
)
def test_a_bad_picture_is_refused_with_a_reason_and_the_server_lives(
    site: Testbed, service: str, body: bytes, content_type: str, code: int
) -> None:
    answer = read(site, body, content_type)
    assert answer.status_code == code, answer.text
    assert {"error", "reason"} <= set(answer.json())
    assert read(site, render(INVOICE[:1]).png, "image/png").status_code == 200
