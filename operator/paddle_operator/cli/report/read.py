"""From a stored report, or a file of one, to values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from paddle_operator.documents import DocumentsInvalid, load
from paddle_operator.errors import OperatorError
from paddle_operator.spec.sla_report import ReportStatus


class ReportUnreadable(OperatorError):
    """What was given is no report, or one that is not made yet."""


def read_report(body: Mapping[str, Any], what: str) -> ReportStatus:
    """Read a ModelSLAReport, or its status alone; raises ReportUnreadable saying which and why."""
    found = body.get("status") or {} if "kind" in body else body
    try:
        report = ReportStatus.model_validate_json(json.dumps(found))
    except ValidationError as wrong:
        first = wrong.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise ReportUnreadable(
            f"{what} is no report that this version can read: {where}: {first['msg']}. Use the "
            "kubectl-paddle_sla of the operator's release"
        ) from None
    if report.period is None or report.service is None or report.requests is None:
        why = "; ".join(f"{one.reason}: {one.message}" for one in report.conditions) or "nobody has made it"
        raise ReportUnreadable(f"{what} is not made yet: {why}")
    return report


def read_file(file: Path) -> ReportStatus:
    """Read a file of JSON or YAML, such as `kubectl get msr NAME -o yaml` writes."""
    try:
        documents = list(load(file.read_text(encoding="utf-8")))
    except (DocumentsInvalid, UnicodeDecodeError) as wrong:
        raise ReportUnreadable(f"{file}: {wrong}") from None
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise ReportUnreadable(f"{file} must hold one report, has {len(documents)} documents")
    return read_report(documents[0], str(file))
