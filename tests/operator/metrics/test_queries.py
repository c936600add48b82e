"""Selectors as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from paddle_operator.metrics import queries
from paddle_operator.sla.selectors import equal


def test_requests_are_those_of_a_service_and_may_be_of_one_revision() -> None:
    assert queries.requests("prod", "ocr") == (
        'paddle_runtime_requests_total{namespace="prod",service="ocr"}'
    )
    assert queries.requests("prod", "ocr", "ocr-1") == (
        'paddle_runtime_requests_total{namespace="prod",service="ocr",revision="ocr-1"}'
    )


def test_starts_are_those_of_the_same_targets() -> None:
    assert queries.starts("prod", "ocr") == 'process_start_time_seconds{namespace="prod",service="ocr"}'


def test_durations_are_the_buckets_of_the_thresholds_and_the_one_of_all() -> None:
    assert queries.durations("prod", "ocr", [200, 1000]) == (
        'paddle_runtime_request_duration_seconds_bucket{namespace="prod",service="ocr",'
        'le=~"0[.]20*|1([.]0+)?|[+]Inf"}'
    )


@pytest.mark.parametrize(
    ("milliseconds", "texts", "others"),
    [
        (200, ["0.2", "0.20"], ["0.25", "0.02", "10.2"]),
        (1000, ["1", "1.0"], ["10", "1.5", "0.1"]),
        (10_000, ["10", "10.0"], ["100", "1.0"]),
        (600_000, ["600", "600.0"], ["60", "6e+02"]),
        (1, ["0.001"], ["0.0015", "0.01"]),
    ],
)
def test_a_boundary_is_found_however_a_library_writes_it(
    milliseconds: int, texts: list[str], others: list[str]
) -> None:
    found = re.search(r'le=~"(.*)"}', queries.durations("n", "s", [milliseconds]))
    assert found is not None
    assert all(re.fullmatch(found[1], text) for text in [*texts, "+Inf"])
    assert not any(re.fullmatch(found[1], text) for text in others)


def test_a_value_with_quotes_stays_one_value() -> None:
    assert equal("pod", 'a"b\\c\nd') == 'pod="a\\"b\\\\c\\nd"'


def test_a_length_is_written_in_whole_milliseconds_rounded_up() -> None:
    assert queries.over("up", timedelta(seconds=1, microseconds=1)) == "up[1001ms]"
    assert queries.raw("up", timedelta(seconds=1)) == "up[1001ms]", "with the sample of its first moment"


def test_all_that_tells_of_two_revisions_is_one_question() -> None:
    assert queries.outcomes("prod", "a.b", ["a.b-1", "a.b-2"], [200]) == (
        '{__name__=~"paddle_runtime_requests_total|paddle_runtime_request_duration_seconds_bucket|'
        'process_start_time_seconds",namespace="prod",service="a.b",revision=~"a[.]b-1|a[.]b-2",'
        'le=~"0[.]20*|[+]Inf|"}'
    ), "without a boundary, too: requests and starts have none"


def test_without_a_latency_objective_nobody_asks_for_buckets() -> None:
    assert "duration" not in queries.outcomes("prod", "ocr", ["ocr-1"], [])


def test_a_question_can_be_asked_again_for_the_same_moment() -> None:
    noon = datetime(2026, 6, 1, 12, 0, 0, 250_000, tzinfo=UTC)
    assert queries.at_moment("up", timedelta(seconds=15), noon) == "up[15001ms] @ 1780315200.250"
