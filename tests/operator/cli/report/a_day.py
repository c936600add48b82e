"""A day with everything: a rollout, incidents, a restart, a lost pod, lost scrapes, maintenance."""

from __future__ import annotations

import functools
from datetime import timedelta

from paddle_operator.sla.answer import Value
from paddle_operator.sla.exclusions import OneOff
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.ledger import Page, read_page
from paddle_operator.sla.report.compose import Made, Subject, question_of, report_of
from paddle_operator.sla.steps import steps_of
from paddle_operator.spec.promise import Sla
from paddle_operator.spec.sla_report import QueryRecord, ReportedService, ReportStatus
from tests.operator.sla.counters import NOON, SCRAPING, span
from tests.operator.sla.traffic import Pod, digest_of, every, ordered, reading, scrapes

HOUR, DAY = 3600, 86_400
OLD, NEW = "invoice-ocr-7d1f0c9a42", "invoice-ocr-b93e55d0c8"
DIGESTS = {revision: digest_of(revision) for revision in (OLD, NEW)}
SLA = Sla.model_validate_json(
    """{"objectives": [
        {"name": "availability", "availability": {"targetPercent": "99.5"}},
        {"name": "latency", "latency": {"percentile": "95", "thresholdMilliseconds": 200}},
        {"name": "errors", "errorRate": {"maxPercent": "2"}}]}"""
)


def day_pods() -> tuple[Pod, ...]:
    """Three pods until noon of the next half, of which one vanishes, and two of a new revision."""
    middle = DAY // 2
    calm = every(4, 3, middle)
    slow = every(300, 111, middle, fast=False)
    bad = every(2000, 1007, middle, outcome="bad")
    burst = every(10, 7 * HOUR + 7, 7 * HOUR + 1500, outcome="refused")
    late = every(3, middle + 307.5, DAY + 60)
    late_bad = every(3000, middle + 911, DAY, outcome="bad")
    storm = every(12, 18 * HOUR + 5, 18 * HOUR + 2400, outcome="bad")
    wrong = every(900, 31, middle, outcome="invalid")
    return (
        Pod(
            "ocr-a",
            OLD,
            (-600, 5 * HOUR + 1),
            scrapes(-30, middle + 600),
            ordered(calm, slow, bad, burst, wrong),
        ),
        Pod(
            "ocr-b",
            OLD,
            (-600,),
            scrapes(-24, middle + 600, lost=[(3 * HOUR, 3 * HOUR + 900)]),
            ordered(calm, slow),
        ),
        Pod("ocr-c", OLD, (-600,), scrapes(-21, 9 * HOUR), every(4, 3, 9 * HOUR + 20)),
        Pod("ocr-d", NEW, (middle + 290,), scrapes(middle + 300, DAY + 60), ordered(late, late_bad, storm)),
        Pod("ocr-e", NEW, (middle + 295,), scrapes(middle + 306, DAY + 60), ordered(late)),
    )


@functools.cache
def a_day() -> ReportStatus:
    """The report on it, read hour by hour."""
    subject = Subject(
        ReportedService(name="invoice-ocr", uid="7c9e6679-7425-40de-944b-e07fc1f90ae7", generation=4),
        SLA,
        (OneOff("maintenance", span(21 * HOUR, 21 * HOUR + 1800)),),
    )
    period = span(0, DAY)
    steps = steps_of(period.length, SCRAPING)
    question = question_of(subject, period, SCRAPING, steps)
    pages: list[Page] = []
    for hour in range(24):
        part = span(hour * HOUR, (hour + 1) * HOUR)
        said = reading(day_pods(), Interval(part.start if pages else question.since, part.end))
        found = read_page(question, part, said, pages[-1] if pages else None)
        assert isinstance(found, Value), found
        pages.append(found.value)
    query = QueryRecord(
        query='paddle_runtime_requests_total{namespace="prod",service="invoice-ocr"}[3600001ms]',
        first="2026-06-01T13:00:00Z",
        last="2026-06-02T12:00:00Z",
        times=24,
        series=20,
        samples=61_744,
    )
    made = Made(NOON + timedelta(days=1, minutes=5), "paddle-operator 0.1.0")
    return report_of(
        subject, question, pages, period=period, steps=steps, queries=(query,), digests=DIGESTS, made=made
    )
