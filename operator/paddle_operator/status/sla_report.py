"""What is said of a report before and after it is made; and the report that a schedule asks for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from paddle_operator import names
from paddle_operator.plan import KubeObject
from paddle_operator.reasons import Reason
from paddle_operator.sla.report.period import Planned
from paddle_operator.sla.report.size import document
from paddle_operator.sla.report.written import moment_text
from paddle_operator.spec.sla_report import ReportStatus
from paddle_operator.spec.sla_report_order import PeriodType

COMPLETE = "Complete"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a report is not made."""

    reason: Reason
    message: str
    seconds: float | None
    """When it is to be looked at again; None: it will never be made."""


def scheduled_report(namespace: str, service: str, planned: Planned) -> KubeObject:
    """Return the report of a planned period. It has no owner: it outlives the service."""
    period = planned.period
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.REPORT_KIND,
        "metadata": {"name": planned.name, "namespace": namespace, "labels": names.service_labels(service)},
        "spec": {
            "serviceRef": {"name": service},
            "period": {
                "type": PeriodType.BETWEEN.value,
                "start": moment_text(period.start),
                "end": moment_text(period.end),
            },
        },
    }


def made(body: Mapping[str, Any], report: ReportStatus, now: datetime) -> dict[str, Any]:
    """Return the status of a report that is made."""
    message = f"made at {moment_text(now)}; it is never changed"
    return {**document(report), **_said(body, "True", Reason.REPORT_MADE, message, now)}


def waiting(body: Mapping[str, Any], why: Waiting, now: datetime) -> dict[str, Any]:
    """Return the status of a report that is not made yet, or never will be."""
    return _said(body, "False", why.reason, why.message[:4096], now)


def is_complete(body: Mapping[str, Any]) -> bool:
    """Tell whether a report is made."""
    return _condition(body).get("status") == "True"


def _said(
    body: Mapping[str, Any], status: str, reason: Reason, message: str, now: datetime
) -> dict[str, Any]:
    generation = body["metadata"].get("generation", 0)
    before = _condition(body)
    since = before.get("lastTransitionTime") if before.get("status") == status else None
    condition = {
        "type": COMPLETE,
        "status": status,
        "reason": reason.value,
        "message": message,
        "observedGeneration": generation,
        "lastTransitionTime": since or moment_text(now.replace(microsecond=0)),
    }
    return {"observedGeneration": generation, "conditions": [condition]}


def _condition(body: Mapping[str, Any]) -> Mapping[str, Any]:
    found = (body.get("status") or {}).get("conditions") or ()
    return next((one for one in found if one.get("type") == COMPLETE), {})
