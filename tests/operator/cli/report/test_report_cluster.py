"""A report is asked for, waited for, and found again."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from paddle_operator.cli.report import command
from paddle_operator.cli.report.read import ReportUnreadable
from paddle_operator.cluster import kinds
from paddle_operator.cluster.api import NotFound
from paddle_operator.cluster.kinds import Kind
from paddle_operator.plan import KubeObject
from paddle_operator.reasons import Reason
from paddle_operator.sla.report.size import document
from tests.operator.cli.report.a_day import a_day


def condition(status: str, reason: str, message: str = "m") -> dict[str, Any]:
    stamp = "2026-06-03T00:00:00Z"
    return {
        "type": "Complete",
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": stamp,
    }


TOO_YOUNG = {"conditions": [condition("False", "ServiceTooYoung")]}
MADE = {**document(a_day()), "conditions": [condition("True", "ReportMade")]}


class Desk:
    """An API server with one service, on which reports go through these states as they are looked at."""

    def __init__(self, *states: dict[str, Any]) -> None:
        self.states = list(states)
        self.asked: list[KubeObject] = []
        self.reports: list[KubeObject] = []

    async def get(self, kind: Kind, namespace: str, name: str) -> KubeObject:
        if kind == kinds.SERVICE_RESOURCE and name == "calm":
            return {"metadata": {"name": name}}
        if kind == kinds.REPORT and self.asked:
            status = self.states.pop(0) if len(self.states) > 1 else self.states[0]
            return {"kind": "ModelSLAReport", "metadata": {"name": name}, "status": status}
        raise NotFound(kind.kind, name, Reason.OBJECT_REFUSED, f"{kind.plural} {name!r} not found")

    async def list(self, kind: Kind, namespace: str | None) -> list[KubeObject]:
        return self.reports

    async def create(self, kind: Kind, body: KubeObject, manager: str) -> KubeObject:
        self.asked.append(body)
        return {"metadata": {"name": body["metadata"]["generateName"] + "x7"}}


def shown(desk: Desk, **arguments: Any) -> str:
    chosen = {
        "name": "calm", "namespace": "prod", "report": "", "latest": False, "start": "", "end": "",
        "last": None, "time_zone": "UTC", "language": "en", "timeout": 5, "output": "csv", **arguments,
    }  # fmt: skip
    return asyncio.run(command.from_cluster(desk, argparse.Namespace(**chosen)))  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "POLL_SECONDS", 0.01)


def test_a_new_report_is_waited_for_and_meanwhile_it_is_told_why(capsys: pytest.CaptureFixture[str]) -> None:
    waiting = {"conditions": [condition("False", "MetricsFailed", "Prometheus does not answer")]}
    desk = Desk({}, waiting, waiting, MADE)
    assert "availability,*,99.5,Broken" in shown(desk, last="month", time_zone="Asia/Shanghai")
    assert capsys.readouterr().err == "MetricsFailed: Prometheus does not answer\n"
    (body,) = desk.asked
    assert body["spec"] == {
        "serviceRef": {"name": "calm"},
        "period": {"type": "LastMonth", "timeZone": "Asia/Shanghai"},
    }
    assert "app.kubernetes.io/managed-by" not in body["metadata"]["labels"], "no schedule may delete it"


@pytest.mark.parametrize(
    ("desk", "arguments", "said"),
    [
        (lambda: Desk(TOO_YOUNG), {}, "cannot be made: ServiceTooYoung"),
        (lambda: Desk({}), {"timeout": 0}, "the operator has not seen it; kubectl paddle_sla doctor"),
        (lambda: Desk({}), {"latest": True}, "no report on calm is made yet"),
        (lambda: Desk({}), {"name": ""}, "name the service"),
    ],
)
def test_what_cannot_be_shown_says_why(
    desk: Callable[[], Desk], arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(ReportUnreadable, match=said):
        shown(desk(), **arguments)


def test_a_wrong_name_is_told_and_no_report_is_asked_for() -> None:
    desk = Desk({})
    with pytest.raises(NotFound, match="nobody"):
        shown(desk, name="nobody")
    assert desk.asked == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"time_zone": "Mars/One"},
        {"start": "2026-11-02", "end": "2026-11-01"},
        {"start": "yesterday"},
        {"end": "2026-11-01"},
    ],
)
def test_a_command_line_that_makes_no_sense_asks_for_no_report(arguments: dict[str, str]) -> None:
    desk = Desk(MADE)
    with pytest.raises(ReportUnreadable):
        shown(desk, **arguments)
    assert desk.asked == []


def test_the_latest_is_that_of_the_latest_period_of_this_service() -> None:
    desk = Desk()
    june = {**MADE, "period": {**MADE["period"], "end": "2026-07-01T00:00:00Z"}}
    for name, about, status in (
        ("old", "calm", MADE),
        ("june", "calm", june),
        ("other", "wild", {**june, "madeAt": "2027-01-01T00:00:00Z"}),
        ("unmade", "calm", {}),
    ):
        spec = {"serviceRef": {"name": about}}
        desk.reports.append(
            {"kind": "ModelSLAReport", "metadata": {"name": name}, "spec": spec, "status": status}
        )
    assert "2026-07-01T00:00:00Z,availability" in shown(desk, latest=True)
    assert desk.asked == []
