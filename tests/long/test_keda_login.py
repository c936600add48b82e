"""A Prometheus that wants a token: the operator has one, and KEDA one from a ClusterTriggerAuthentication."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from hack.cluster import constants
from hack.cluster.addons_extras import KEDA
from hack.cluster.images import builds
from hack.cluster.progress import Progress
from hack.demo.embedded import EmbeddedSite
from hack.demo.kubectl import Kube, eventually
from hack.demo.site import SYSTEM
from tests.e2e.load import Steady
from tests.e2e.rollouts import request_to
from tests.e2e.testbed import Testbed
from tests.long.scaled_service import by_requests, ready, scaled, serving_in

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
NAMESPACE, SERVICE = "login", "guarded"
SECRET, TOKEN = "prometheus-read", "let-me-in"


@dataclass(frozen=True)
class SiteBehindLogin(EmbeddedSite):
    """The same site; its charts know another address of Prometheus, and how to be let in there."""

    login_url: str

    @property
    def chart_values(self) -> Mapping[str, str | int]:
        return {
            **super().chart_values,
            "prometheus.url": self.login_url,
            "prometheus.tokenSecret.name": SECRET,
            "scaling.kedaAuthentication": SECRET,
        }


@contextmanager
def login(cluster_address: str, prometheus: str) -> Iterator[str]:
    """What asks for a token before Prometheus, as an ingress with a login does; yields its address."""

    class Door(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.headers.get("authorization") != f"Bearer {TOKEN}":
                self.reply(401, b"who are you?")
                return
            kind = {"content-type": self.headers.get("content-type", "")}
            let_in = httpx.request(self.command, prometheus + self.path, content=body, headers=kind)
            self.reply(let_in.status_code, let_in.content)

        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

        def reply(self, code: int, body: bytes) -> None:
            self.send_response(code)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer((cluster_address, 0), Door)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield f"http://{cluster_address}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        serving.join()


def keys(site: EmbeddedSite, token: str) -> None:
    """Who is let in: a token for the operator, one for KEDA, and where KEDA finds it."""
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET}}
    site.kube(SYSTEM).apply({**secret, "stringData": {"token": TOKEN}})
    keda = site.kube(KEDA.namespace)
    keda.apply({**secret, "stringData": {"token": token}})
    found_in = {"secretTargetRef": [{"parameter": "bearerToken", "name": SECRET, "key": "token"}]}
    kind = {"apiVersion": "keda.sh/v1alpha1", "kind": "ClusterTriggerAuthentication"}
    keda.apply({**kind, "metadata": {"name": SECRET}, "spec": found_in})


@pytest.fixture(scope="module")
def site() -> Testbed:
    return Testbed.with_extra(KEDA)


@pytest.fixture(scope="module")
def behind_login(site: Testbed) -> Iterator[EmbeddedSite]:
    """The operator and KEDA know Prometheus only behind the login; afterwards all is as before."""
    built = builds.ensure(Progress())
    images = built["operator"].name, built["runtime"].name
    exported = site.cluster.exports()
    prometheus = site.cluster.service_address(constants.MONITORING_NAMESPACE, name="prometheus")
    with login(exported["HOST_ADDRESS"], f"http://{prometheus}:9090") as url:
        changed = SiteBehindLogin(**asdict(site.site), login_url=url)
        keys(changed, TOKEN)
        changed.install_charts(*images)
        try:
            yield changed
        finally:
            site.site.install_charts(*images)
            keda = site.kube(KEDA.namespace)
            keda.delete("clustertriggerauthentication", SECRET)
            keda.delete("secret", SECRET)
            site.kube(SYSTEM).delete("secret", SECRET)


@pytest.fixture(scope="module")
def kube(behind_login: EmbeddedSite) -> Iterator[Kube]:
    guarded = scaled(SERVICE, "KEDA", by_requests(value="10"))
    with serving_in(behind_login, NAMESPACE, guarded) as kube:
        yield kube


def test_who_is_let_in_scales_and_measures(kube: Kube, site: Testbed) -> None:
    kube.wait_condition(SERVICE, "ScalingActive", "True", timeout=180)
    with Steady(request_to(site, SERVICE), per_second=25):
        eventually(lambda: True if ready(kube, SERVICE) == 3 else None, 180, "pods for 25 requests a second")
        kube.wait_condition(SERVICE, "MetricsAvailable", "True", timeout=180)


def test_a_wrong_token_of_keda_is_told_and_removes_no_pod(kube: Kube, behind_login: EmbeddedSite) -> None:
    keys(behind_login, "guess")
    lost = kube.wait_condition(SERVICE, "ScalingActive", "False", reason="MetricsLost", timeout=240)
    assert "No pod is removed meanwhile" in lost["message"]
    assert ready(kube, SERVICE) == 3
    keys(behind_login, TOKEN)
    kube.wait_condition(SERVICE, "ScalingActive", "True", timeout=240)
