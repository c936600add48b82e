"""A report as rows: a table for a terminal, and CSV for a spreadsheet. Pure."""

from __future__ import annotations

import csv
import io

from paddle_operator.cli.columns import columns
from paddle_operator.cli.report.figures import Clock, between, count, length
from paddle_operator.spec.sla_report import ObjectiveReport, ReportStatus

CSV_COLUMNS = (
    "service", "period_start", "period_end", "objective", "revision", "target_percent", "verdict",
    "good", "bad", "total", "attained_percent", "spent_percent", "unknown_seconds", "source",
    "promise_changed_at", "promise_known_from",
)  # fmt: skip
ALL = "*"
"""In the column revision: all of them together."""


def table(report: ReportStatus, clock: Clock) -> str:
    """Return the report as text."""
    period, service = report.period, report.service
    assert period is not None
    assert service is not None
    zone = clock.zone.key
    head = [
        ("Service", f"{service.name} (generation {service.generation})"),
        ("Period", f"{clock.show(period.start)} to {clock.show(period.end)} ({zone})"),
        ("Promise", f"{report.promise} (slaHash {report.sla_hash})"),
        ("Excluded", length(report.excluded_seconds)),
        ("Unknown", f"{length(report.unknown_seconds)}{_causes(report)}"),
    ]
    if period.observed_from != period.start:
        head.append(("Observed", f"from {clock.show(period.observed_from)}, when the service was created"))
    head += [
        ("Changed", f"the promise, at {clock.show(one.at)}: until then {one.before}")
        for one in report.promise_changes
    ]
    if report.promise_changes:
        head.append(("", "targets are judged by the present promise, exclusions while they were in force"))
    if report.promise_known_from:
        since = clock.show(report.promise_known_from)
        head.append(
            ("Kept since", f"{since}: what was promised before is not known, no exclusion is applied")
        )
    columns_of = ("VERDICT", "PROMISED", "ATTAINED", "GOOD", "TOTAL", "BUDGET SPENT", "UNKNOWN", "COUNTED AT")
    rows = [("OBJECTIVE", *columns_of)]
    rows += [
        (
            one.name,
            one.verdict.value,
            f"{one.target_percent} %",
            _percent(one.attained_percent),
            count(one.good),
            count(one.total),
            _percent(one.spent_percent),
            length(one.unknown_seconds),
            one.source.value,
        )
        for one in report.objectives
    ]
    models = [("REVISION", "FIRST REQUESTS", "LAST REQUESTS", "REQUESTS", "MODEL")]
    models += [
        (
            one.revision,
            clock.show(one.first),
            clock.show(one.last),
            count(one.requests),
            one.model_digest or "-",
        )
        for one in report.revisions
    ]
    blocks = [columns(head), columns(rows), *([columns(models)] if report.revisions else [])]
    blocks += [_details(one, clock) for one in report.objectives if one.total]
    return "\n".join(blocks)


def _details(one: ObjectiveReport, clock: Clock) -> str:
    rows = [(f"{one.name} by revision", "ATTAINED", "GOOD", "TOTAL", "BUDGET SPENT")]
    rows += [
        (
            f"  {its.revision}",
            f"{its.attained_percent} %",
            count(its.good),
            count(its.total),
            f"{its.spent_percent} %",
        )
        for its in one.revisions
    ]
    text = columns(rows)
    if one.incidents:
        found = [("  incident", "LENGTH", "BAD", "TOTAL", "WORST BURN", "BUDGET SPENT", "REVISION")]
        found += [
            (
                f"  {clock.show(its.start)}",
                length(between(its.start, its.end)),
                count(its.bad),
                count(its.total),
                f"{its.worst_burn_rate} x",
                f"{its.spent_percent} %",
                its.revision,
            )
            for its in one.incidents
        ]
        text += columns(found)
    if one.incidents_left_out:
        text += f"  {one.incidents_left_out} smaller incidents are not listed\n"
    few = one.too_little_traffic
    if few.stretches:
        text += f"  too few to judge: {count(few.bad)} of {count(few.total)} requests bad in "
        text += f"{count(few.stretches)} stretches, {few.spent_percent} % of the budget\n"
    return text


def csv_text(report: ReportStatus) -> str:
    """Return one line for each objective and one for each of its revisions, as a spreadsheet reads it."""
    period, service = report.period, report.service
    assert period is not None
    assert service is not None
    written = io.StringIO()
    sheet = csv.writer(written)
    sheet.writerow(CSV_COLUMNS)
    changed = " ".join(one.at for one in report.promise_changes)
    for one in report.objectives:
        at = (one.source.value, changed, report.promise_known_from)
        about = (service.name, period.start, period.end, one.name)
        told = (one.good, one.total - one.good, one.total, one.attained_percent, one.spent_percent)
        sheet.writerow((*about, ALL, one.target_percent, one.verdict.value, *told, one.unknown_seconds, *at))
        for its in one.revisions:
            share = (its.good, its.total - its.good, its.total, its.attained_percent, its.spent_percent)
            sheet.writerow((*about, its.revision, one.target_percent, "", *share, "", *at))
    return written.getvalue()


def _causes(report: ReportStatus) -> str:
    told = ", ".join(
        f"{one.cause} {length(one.seconds)} in {one.stretches}" for one in report.unknown_by_cause
    )
    return f" ({told})" if told else ""


def _percent(text: str | None) -> str:
    return "-" if text is None else f"{text} %"
