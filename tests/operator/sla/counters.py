"""Builders: counters of pods that are scraped every 15 seconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TypeVar

from paddle_operator.sla.answer import Answer, Value
from paddle_operator.sla.counting import Counted, Scraping, count
from paddle_operator.sla.intervals import Interval, Spans
from paddle_operator.sla.series import Sample, Series

T = TypeVar("T")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SCRAPING = Scraping(timedelta(seconds=15))


def at(seconds: float) -> datetime:
    """So long after noon."""
    return NOON + timedelta(seconds=seconds)


def span(start: float, end: float) -> Interval:
    return Interval(at(start), at(end))


def spans(*parts: tuple[float, float]) -> Spans:
    return Spans(tuple(span(start, end) for start, end in parts))


def requests(
    values: dict[float, float],
    *,
    pod: str = "a",
    revision: str = "r1",
    outcome: str = "good",
    started: float | None = None,
) -> Series:
    """Values by seconds after noon, of requests of one outcome."""
    code = {"good": "200", "refused": "503", "invalid": "400"}.get(outcome, "500")
    return _series(
        {"__name__": "paddle_runtime_requests_total", "outcome": outcome, "code": code},
        values,
        pod,
        revision,
        started,
    )


def bucket(
    values: dict[float, float],
    boundary: str,
    *,
    pod: str = "a",
    revision: str = "r1",
    started: float | None = None,
) -> Series:
    """Values by seconds after noon, of one bucket of the histogram."""
    name = "paddle_runtime_request_duration_seconds_bucket"
    return _series({"__name__": name, "le": boundary}, values, pod, revision, started)


def _series(
    labels: dict[str, str], values: dict[float, float], pod: str, revision: str, started: float | None
) -> Series:
    return Series(
        frozenset({**labels, "pod": pod, "revision": revision}.items()),
        tuple(Sample(at(seconds), value) for seconds, value in values.items()),
        None if started is None else at(started),
    )


def counted(*series: Series, observed: Interval) -> Counted:
    """What is counted, where that is known."""
    return known(count(series, observed, SCRAPING))


def known(answer: Answer[T]) -> T:
    assert isinstance(answer, Value), answer
    return answer.value
