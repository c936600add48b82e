"""The CustomResourceDefinition of ModelSLAReport, written from its typed model."""

from __future__ import annotations

from typing import Any

from paddle_operator import names
from paddle_operator.spec.definition import Kind, Schema, column, condition, definition_of, schema_of
from paddle_operator.spec.sla_report import ReportStatus
from paddle_operator.spec.sla_report_order import ReportSpec
from paddle_operator.spec.sla_report_parse import REPORT_RULES

DESCRIPTION = (
    "ModelSLAReport says of a period whether the promises of a PaddleModelService were kept, by whole "
    "numbers of requests that can be counted again. It is made once, and stays when the service is deleted."
)
KIND = Kind(
    names.REPORT_KIND,
    names.REPORT_LIST_KIND,
    names.REPORT_PLURAL,
    names.REPORT_SINGULAR,
    names.REPORT_SHORT_NAME,
)


def definition() -> dict[str, Any]:
    """Return the CustomResourceDefinition."""
    columns = [
        column("SERVICE", ".spec.serviceRef.name", "The service that is reported on."),
        column("COMPLETE", condition("Complete", "status"), "Whether the report is made."),
        column("FROM", ".status.period.start", "First moment of the period."),
        column("TO", ".status.period.end", "First moment after it."),
        column("SUMMARY", ".status.summary", "Every objective with its verdict."),
        column("AGE", ".metadata.creationTimestamp", "Time since it was asked for.", kind="date"),
        column("REASON", condition("Complete", "reason"), "Why it is made or not.", wide=True),
        column("UNKNOWN", ".status.unknownSeconds", "Unknown seconds.", kind="integer", wide=True),
        column("SLAHASH", ".status.slaHash", "Hash of the promise.", wide=True),
    ]
    return definition_of(KIND, openapi(), columns, {"status": {}})


def openapi() -> Schema:
    """Return the schema of a report, rules included."""
    return schema_of(names.REPORT_KIND, DESCRIPTION, ReportSpec, ReportStatus, REPORT_RULES)
