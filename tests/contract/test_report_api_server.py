"""A real API server says of reports what our own parser says, keeps all that is written, and explains it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from paddle_operator.cli.kubectl import main
from paddle_operator.cluster.api import connect_as_person
from paddle_operator.cluster.ports import Key, ReportKey
from paddle_operator.cluster.reports import KubernetesReports
from paddle_operator.errors import SpecRejected
from paddle_operator.report_flow import ReportFlow
from paddle_operator.sla.report.period import SETTLE
from paddle_operator.sla.report.size import document
from paddle_operator.spec.sla_report import MAX_INCIDENTS, MAX_OBJECTIVES, MAX_STRETCHES
from paddle_operator.spec.sla_report_parse import parse_report
from tests.contract.api_server import ApiServer, api_server
from tests.operator.cli.report.a_day import a_day
from tests.operator.fake_cluster import resource
from tests.operator.report_flow.bookcase import FakeMetrics
from tests.operator.sla.counters import NOON, SCRAPING
from tests.operator.sla.traffic import Pod, every, scrapes

pytestmark = pytest.mark.e2e
NAMESPACE = "contract-reports"
HOUR = {"type": "Between", "start": "2026-06-01T12:00:00Z", "end": "2026-06-01T13:00:00Z"}
PERIODS: dict[str, tuple[dict[str, Any], str]] = {
    "the window": ({}, ""),
    "an hour": (HOUR, ""),
    "an hour in Shanghai": ({**HOUR, "start": "2026-06-01T20:00:00+08:00"}, ""),
    "a month in Shanghai": ({"type": "LastMonth", "timeZone": "Asia/Shanghai"}, ""),
    "no end": ({"type": "Between", "start": HOUR["start"]}, "must have start and end with type Between"),
    "a start that is not asked for": (
        {**HOUR, "type": "LastDay"},
        "must have start and end with type Between",
    ),
    "no time at all": ({**HOUR, "end": HOUR["start"]}, "must start before it ends"),
    "two years": ({**HOUR, "end": "2028-06-01T12:00:00Z"}, "must start before it ends"),
}


@pytest.fixture(scope="module")
def kubectl() -> Iterator[ApiServer]:
    """kubectl in a namespace of its own."""
    with api_server(NAMESPACE) as found:
        yield found


def asked(name: str, period: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "serving.paddle-sla.io/v1alpha1",
        "kind": "ModelSLAReport",
        "metadata": {"name": name},
        "spec": {"serviceRef": {"name": "calm"}, "period": period},
    }


@pytest.mark.parametrize("sentence", PERIODS)
def test_the_api_server_agrees_with_the_parser(kubectl: ApiServer, sentence: str) -> None:
    period, wrong = PERIODS[sentence]
    body = asked("x", period)
    done = kubectl("create", "--dry-run=server", "-f", "-", text=json.dumps(body))
    assert wrong in done.stderr
    assert (done.returncode == 0) == (not wrong), done.stderr
    if wrong:
        with pytest.raises(SpecRejected, match=wrong):
            parse_report(body)
    else:
        parse_report(body)


def test_what_was_asked_for_cannot_be_changed(kubectl: ApiServer) -> None:
    assert kubectl("create", "-f", "-", text=json.dumps(asked("fixed", HOUR))).returncode == 0
    patch = json.dumps({"spec": {"period": {**HOUR, "end": "2026-06-01T14:00:00Z"}}})
    done = kubectl("patch", "msr", "fixed", "--type=merge", "-p", patch)
    assert "another period is another report" in done.stderr


def test_a_report_is_kept_whole(kubectl: ApiServer) -> None:
    assert kubectl("create", "-f", "-", text=json.dumps(asked("day", HOUR))).returncode == 0
    found = stored(kubectl, "day", document(a_day()))
    mine = document(a_day())
    del mine["conditions"]  # an operator that is installed there has its word on a report, too
    assert found["status"].items() >= mine.items()
    table = kubectl("get", "msr", "day").stdout
    assert "availability Broken 99.3385 %, latency Kept" in table


def test_the_largest_report_stays_under_200_kib(kubectl: ApiServer) -> None:
    """As many items in every list as the schema allows."""
    status = document(a_day())
    one = status["objectives"][0]
    incidents = [one["incidents"][0]] * MAX_INCIDENTS
    many = [{**one, "name": f"objective-{place}", "incidents": incidents} for place in range(MAX_OBJECTIVES)]
    unknown = [{**status["unknown"][0], "pod": "p" * 63}] * MAX_STRETCHES
    assert kubectl("create", "-f", "-", text=json.dumps(asked("large", HOUR))).returncode == 0
    found = stored(kubectl, "large", {**status, "objectives": many, "unknown": unknown})
    assert len(json.dumps(found)) < 200 * 1024


def stored(kubectl: ApiServer, name: str, status: dict[str, Any]) -> dict[str, Any]:
    """Write a status as the operator does, and read the whole object back."""
    body = {**asked(name, HOUR), "status": status}
    del body["spec"]
    flags = ("--server-side", "--subresource=status", "--field-manager=test", "-f", "-")
    done = kubectl("apply", *flags, text=json.dumps(body))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(
        kubectl("get", "msr", name, "-o", "json", "--show-managed-fields").stdout
    )
    return found


def test_kubectl_explains_every_field(kubectl: ApiServer) -> None:
    said = kubectl("explain", "msr.status.objectives").stdout
    assert "Percentage of the error budget that is spent. Absent without requests." in " ".join(said.split())


def test_reports_are_made_by_the_schedule_shown_to_people_and_outlive_the_service(
    kubectl: ApiServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The flow and a real API server; the clock is three hours ahead, and the metrics tell of that time."""
    service = resource(reporting={"schedule": "0 * * * *", "retain": 1})
    service["metadata"] = {"name": "calm"}
    assert kubectl("create", "-f", "-", text=json.dumps(service)).returncode == 0
    now = datetime.now(UTC) + timedelta(hours=3)
    hour = now.replace(minute=0, second=0, microsecond=0)
    now, hour = (now, hour) if now - hour > SETTLE else (now + SETTLE, hour)
    start = int((hour - timedelta(hours=1) - NOON).total_seconds())
    pod = Pod("a", "r1", (start - 30,), scrapes(start - 15, start + 3700), every(10, start + 1, start + 3600))

    async def looks() -> None:
        api, _ = await connect_as_person("", 15)
        shelves, key = KubernetesReports(api), Key(NAMESPACE, "calm")
        flow = ReportFlow(shelves, shelves, FakeMetrics((pod,)), SCRAPING, "test", lambda: now)
        try:
            for _ in range(2):
                assert await flow(ReportKey(True, key)) is not None
                assert await flow(ReportKey(False, Key(NAMESPACE, f"calm-{hour:%Y%m%d-%H%M}"))) is None
        finally:
            await api.close()
            await asyncio.sleep(0.25)  # aiohttp ends TLS connections a moment after it closed them

    monkeypatch.setenv("KUBECONFIG", kubectl.kubeconfig)
    asyncio.run(looks())
    assert kubectl("delete", "pms", "calm").returncode == 0
    assert main(["-n", NAMESPACE, "report", "calm", "--latest", "-o", "csv"]) == 0
    assert ",up,r1,99.9,,359,0,359,100,0," in capsys.readouterr().out
