"""The command `kubectl paddle_sla report`: has a report made, or finds one, and shows it."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from paddle_operator import names
from paddle_operator.cli.report.figures import Clock
from paddle_operator.cli.report.page import page
from paddle_operator.cli.report.read import ReportUnreadable, read_file, read_report
from paddle_operator.cli.report.rows import csv_text, table
from paddle_operator.cli.report.words import LANGUAGES
from paddle_operator.cluster import kinds
from paddle_operator.cluster.api import Api
from paddle_operator.sla.report.order import LATE
from paddle_operator.sla.report.size import document
from paddle_operator.sla.report.written import moment_text
from paddle_operator.spec.sla_report import ReportStatus
from paddle_operator.spec.sla_report_order import PeriodType
from paddle_operator.status.sla_report import COMPLETE, is_complete

FORMS = ("table", "text", "json", "csv", "html")
POLL_SECONDS = 1.0
HOPELESS = {"InvalidSpec", "ServiceTooYoung"}
"""Reasons after which the operator does not look at a report again."""
_LAST = {"day": PeriodType.LAST_DAY, "week": PeriodType.LAST_WEEK, "month": PeriodType.LAST_MONTH}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument(
        "name", nargs="?", default="", help="the service: a new report is made on its promise"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--from", dest="start", default="", help="first moment, such as 2026-11-01 or 2026-11-01T08:00"
    )
    which.add_argument(
        "--last", choices=tuple(_LAST), help="the last whole one; else the window of the promise"
    )
    which.add_argument("--latest", action="store_true", help="the newest report that is made already")
    which.add_argument(
        "--report", default="", metavar="REPORT", help="a report that is made already, by its name"
    )
    which.add_argument("--file", type=Path, help="a report that was saved, without a cluster")
    parser.add_argument(
        "--to", dest="end", default="", help="with --from: first moment that no longer counts; else now"
    )
    parser.add_argument(
        "--time-zone",
        default="UTC",
        metavar="ZONE",
        help="clocks of periods, table and page, such as Asia/Shanghai",
    )
    parser.add_argument(
        "--language", choices=tuple(LANGUAGES), default="en", help="what the page shows first; it has both"
    )
    parser.add_argument(
        "--timeout", type=int, default=600, metavar="SECONDS", help="how long to wait for a new report"
    )


def from_file(chosen: argparse.Namespace) -> str:
    """Show a report that was saved."""
    return _shown(read_file(chosen.file), chosen)


async def from_cluster(api: Api, chosen: argparse.Namespace) -> str:
    """Find a report or have it made, and show it."""
    period = period_of(chosen, datetime.now(UTC))  # what is wrong is told before anything is asked for
    body: Mapping[str, Any]
    if chosen.report:
        body = await api.get(kinds.REPORT, chosen.namespace, chosen.report)
    elif not chosen.name:
        raise ReportUnreadable("name the service, or say which report with --report or --file")
    elif chosen.latest:
        body = await _latest(api, chosen)
    else:
        body = await _new(api, chosen, period)
    return _shown(read_report(body, f"report {body['metadata']['name']}"), chosen)


async def _latest(api: Api, chosen: argparse.Namespace) -> Mapping[str, Any]:
    found = [
        one
        for one in await api.list(kinds.REPORT, chosen.namespace)
        if one["spec"]["serviceRef"]["name"] == chosen.name and is_complete(one)
    ]
    if not found:
        raise ReportUnreadable(f"no report on {chosen.name} is made yet: leave --latest out to have one made")
    return max(found, key=lambda one: (str(one["status"]["period"]["end"]), str(one["status"]["madeAt"])))


async def _new(api: Api, chosen: argparse.Namespace, period: Mapping[str, str]) -> Mapping[str, Any]:
    """Create a report and wait until the operator has made it."""
    await api.get(kinds.SERVICE_RESOURCE, chosen.namespace, chosen.name)  # a wrong name is told as such
    body = {
        "apiVersion": names.API_VERSION,
        "kind": names.REPORT_KIND,
        "metadata": {
            "generateName": f"{chosen.name}-",
            "namespace": chosen.namespace,
            "labels": {names.LABEL_SERVICE: chosen.name},
        },
        "spec": {"serviceRef": {"name": chosen.name}, "period": period},
    }
    name = str((await api.create(kinds.REPORT, body, "kubectl-paddle_sla"))["metadata"]["name"])
    said = ""
    try:
        async with asyncio.timeout(chosen.timeout):
            while True:
                found = await api.get(kinds.REPORT, chosen.namespace, name)
                if is_complete(found):
                    return found
                why = _why(found)
                if any(why.startswith(reason) for reason in HOPELESS):
                    raise ReportUnreadable(f"report {name} cannot be made: {why}")
                if why != said:
                    sys.stderr.write(f"{why}\n")
                    said = why
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        later = f"kubectl paddle_sla report --report {name} shows it when it is made"
        why = said or "the operator has not seen it; kubectl paddle_sla doctor looks why"
        raise ReportUnreadable(
            f"report {name} is not made after {chosen.timeout} s: {why}. {later}"
        ) from None


def period_of(chosen: argparse.Namespace, now: datetime) -> dict[str, str]:
    """Return spec.period from the arguments; raise ReportUnreadable where they make no sense."""
    _zone(chosen.time_zone)
    if chosen.start:
        end = (
            _moment(chosen.end, chosen.time_zone)
            if chosen.end
            else now.replace(second=0, microsecond=0) - LATE
        )
        start = _moment(chosen.start, chosen.time_zone)
        if end <= start:
            raise ReportUnreadable(f"the period would end at {moment_text(end)}, before it starts")
        return {"type": PeriodType.BETWEEN.value, "start": moment_text(start), "end": moment_text(end)}
    if chosen.end:
        raise ReportUnreadable("--to needs --from")
    if chosen.last:
        return {"type": _LAST[chosen.last].value, "timeZone": chosen.time_zone}
    return {"type": PeriodType.WINDOW.value}


def _why(report: Mapping[str, Any]) -> str:
    conditions = (report.get("status") or {}).get("conditions") or ()
    found = next((one for one in conditions if one["type"] == COMPLETE), None)
    return f"{found['reason']}: {found['message']}" if found else ""


def _shown(report: ReportStatus, chosen: argparse.Namespace) -> str:
    clock = Clock(_zone(chosen.time_zone))
    match chosen.output:
        case "json":
            return json.dumps(document(report), indent=2, ensure_ascii=False) + "\n"
        case "csv":
            return csv_text(report)
        case "html":
            return page(report, clock, chosen.language)
        case _:
            return table(report, clock)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ReportUnreadable(
            f"--time-zone {name!r} is not known: write UTC, Asia/Shanghai or such"
        ) from None


def _moment(text: str, zone: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ReportUnreadable(f"{text!r} is no moment: write 2026-11-01 or 2026-11-01T08:00") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=_zone(zone))
