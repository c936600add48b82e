"""From a request that fails to somebody who is told.

The runtime counts, the rule file is that of a plan, and Prometheus, Alertmanager and the receiver are real.
Only the model behind the runtime is a fake, which fails when it is told to.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.e2e.prometheus.alerting import Receiver, alertmanager, install, prometheus
from tests.operator.given import a_resource, a_service, planned, the
from tests.runtime.serving.testbed import RunningServer, picture, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
SERVICE = (
    a_resource().with_("spec.sla.window", {"days": 1}).with_("spec.alerting", {"labels": {"team": "ocr"}})
)
"""The windows of a day are two minutes and one: the least there is."""
PAGE = {"alertname": "PaddleSLABudgetBurn", "severity": "page", "window": "2m"}


@contextmanager
def traffic(server: RunningServer, **orders: object) -> Iterator[None]:
    """About ten requests a second."""
    over = threading.Event()

    def send() -> None:
        body = picture(**orders)
        while not over.wait(0.1):
            server.ocr(body)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield
    finally:
        over.set()
        sender.join()


def value(url: str, query: str) -> float | None:
    found = httpx.get(f"{url}/api/v1/query", params={"query": query}, timeout=10).json()["data"]["result"]
    return float(found[0]["value"][1]) if found else None


def test_a_burning_budget_reaches_its_team_and_so_does_the_end_of_it(tmp_path: Path) -> None:
    install()
    made = planned(a_service(SERVICE))
    ((_, rules),) = the(made, "ConfigMap", "ocr-rules")["data"].items()
    labels = {"namespace": "prod", "service": "ocr", "pod": "ocr-1-a", "revision": str(made.stable)}
    with (
        RunningServer(tmp_path) as server,
        Receiver() as receiver,
        alertmanager(tmp_path, "ocr", receiver) as manager,
        prometheus(
            tmp_path, rules, [{"targets": [f"127.0.0.1:{server.port}"], "labels": labels}], manager
        ) as url,
    ):
        burn = 'paddle_sla:burn_rate{objective="up",window="2m"}'
        with traffic(server):
            wait_until(lambda: value(url, burn) is not None, 120, "the first burn rate")
            assert value(url, burn) == 0
        assert receiver.told == []
        began = time.monotonic()
        with traffic(server, fail="the model is broken"):
            wait_until(lambda: receiver.of("firing", **PAGE), 150, "a page")
        print(f"told {time.monotonic() - began:.0f} s after the first failure")
        (page,) = receiver.of("firing", **PAGE)[:1]
        assert page["labels"].items() >= {"namespace": "prod", "service": "ocr", "team": "ocr"}.items()
        assert page["annotations"]["action"].startswith("Run 'kubectl paddle_sla status ")
        assert "runbook_url" not in page["annotations"], "no address was given"
        assert page["annotations"]["summary"].startswith("prod/ocr: objective up spends its budget")
        with traffic(server):
            wait_until(lambda: receiver.of("resolved", **PAGE), 300, "the end of the page")
        assert server.requests("bad", 500) > 20
