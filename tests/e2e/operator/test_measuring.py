"""The operator's process with a real Prometheus that scrapes what a runtime exports, and without it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from hack.demo.kubectl import Kube, eventually
from paddle_runtime.metrics import Metrics
from paddle_runtime.sla import boundaries_seconds
from paddle_runtime.transport.codes import OUTCOME_LABELS
from tests.e2e.operator.local_operator import LocalOperator
from tests.e2e.operator.resources import paper
from tests.e2e.prometheus.real_prometheus import free_port, install, running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
OBJECTIVES = [
    {"name": "up", "availability": {"targetPercent": "90"}},
    {"name": "fast", "latency": {"percentile": "40", "thresholdMilliseconds": 200}},
]


@pytest.fixture
def pod() -> Iterator[tuple[Metrics, int]]:
    """What a runtime exports, and the port that it is scraped on."""
    metrics = Metrics(
        CollectorRegistry(),
        outcomes=OUTCOME_LABELS,
        refusals=(),
        stages=(),
        boundaries=boundaries_seconds((0.2,)),
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = metrics.render()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, args=(0.05,))
    thread.start()
    yield metrics, listening.server_port
    listening.shutdown()
    listening.server_close()
    thread.join()


def scraping(port: int, namespace: str) -> str:
    """Prometheus' configuration: that pod each second, with the labels of a service's pod."""
    labels = {"namespace": namespace, "service": "measured", "revision": "measured-1", "pod": "measured-1-a"}
    job = {
        "job_name": "pods",
        "scrape_interval": "1s",
        "static_configs": [{"targets": [f"127.0.0.1:{port}"], "labels": labels}],
    }
    return json.dumps({"scrape_configs": [job]})


@pytest.fixture
def measuring(account: Path, folder: Path) -> Iterator[tuple[LocalOperator, int]]:
    """A replica that asks a Prometheus on a port on which nobody listens yet."""
    port = free_port()
    settings = {
        "PROMETHEUS_URL": f"http://127.0.0.1:{port}",
        "PROMETHEUS_TIMEOUT_SECONDS": "2",
        "SCRAPE_INTERVAL_SECONDS": "1",
        "MEASURE_INTERVAL_SECONDS": "2",
    }
    environment = {f"PADDLE_OPERATOR_{name}": value for name, value in settings.items()}
    one = LocalOperator(account, folder, "measuring", environment)
    one.start()
    yield one, port
    one.kill()
    assert "Traceback" not in one.log, one.log


def test_a_promise_is_measured_and_a_lost_prometheus_holds_up_nothing(
    kube: Kube, measuring: tuple[LocalOperator, int], pod: tuple[Metrics, int], tmp_path: Path
) -> None:
    install()
    metrics, scraped = pod
    _, port = measuring
    kube.apply(paper("measured", sla={"objectives": OBJECTIVES}))
    lost = kube.wait_condition("measured", "MetricsAvailable", "False", timeout=40)
    assert lost["reason"] == "MetricsFailed"
    assert "Connection refused" in lost["message"]

    with running(tmp_path, tmp_path / "data", port, scraping(scraped, kube.namespace)):
        kube.wait_condition("measured", "MetricsAvailable", "True", timeout=90)
        for place in range(40):
            metrics.answered("good" if place % 20 else "bad", 200 if place % 20 else 500, 0.1 + 0.005 * place)

        def figures() -> dict[str, Any] | None:
            objectives = kube.get("pms", "measured")["status"]["sla"]["objectives"]
            return {one["name"]: one for one in objectives if "attainedPercent" in one} or None

        found = eventually(figures, 40, lambda: kube.run("get", "pms", "measured", "-o", "yaml"))
        assert (found["up"]["attainedPercent"], found["up"]["budgetRemainingPercent"]) == ("95.00", "50.0")
        assert found["fast"]["attainedPercent"] == "47.50", "19 of 40 within 200 ms"
        assert kube.conditions("measured")["SLAMet"]["reason"] == "PromiseKept"

    kube.wait_condition("measured", "MetricsAvailable", "False", timeout=40)
    begun = time.monotonic()
    kube.apply(paper("measured", sla={"objectives": OBJECTIVES[:1]}))
    kube.wait_condition("measured", "SLAMet", "True", timeout=20)
    assert time.monotonic() - begun < 15, "an edit is answered while Prometheus is away"
