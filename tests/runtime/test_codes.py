"""One table from meaning to wire code, and what each counts as."""

from __future__ import annotations

import grpc
import pytest

from paddle_runtime.errors import (
    REQUEST_MEANINGS,
    Failed,
    Invalid,
    Refused,
    RequestFault,
    RequestReason,
)
from paddle_runtime.transport import codes
from paddle_runtime.transport.replies import refusal, server_timing, with_timings


def test_every_reason_has_a_code() -> None:
    assert set(codes.HTTP_CODES) == set(codes.GRPC_CODES) == set(RequestReason)


def test_every_reason_has_a_meaning() -> None:
    assert set(REQUEST_MEANINGS) == set(RequestReason)


def test_grpc_knows_the_names_of_its_codes() -> None:
    assert set(codes.GRPC_CODES.values()) <= {code.name for code in grpc.StatusCode}
    repeated = {reason for reason, name in codes.GRPC_CODES.items() if name == "UNAVAILABLE"}
    assert repeated <= codes.REFUSED_REASONS  # what was begun is not repeated by what stands between


@pytest.mark.parametrize("reason", list(RequestReason))
def test_every_fault_that_can_be_raised_has_its_label_set(reason: RequestReason) -> None:
    if reason in codes.REFUSED_REASONS:
        kinds: list[type[RequestFault]] = [Refused]
    elif reason is RequestReason.CALLER_LEFT:
        kinds = [Invalid, Failed]
    else:
        kinds = [Invalid if reason in codes.INVALID_REASONS else Failed]
    for kind in kinds:
        fault = kind(reason, "why")
        assert (codes.outcome(fault), codes.http_code(fault)) in codes.OUTCOME_LABELS


def test_a_fault_of_no_kind_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="Invalid, Refused or Failed"):
        codes.outcome(RequestFault(RequestReason.EMPTY, "why"))


def test_a_refusal_carries_seconds_to_wait_and_a_failure_that_can_be_repeated_too() -> None:
    full = refusal(Refused(RequestReason.QUEUE_FULL, "full", retry_after_seconds=3), "id", {}, closing=False)
    lost = refusal(Failed(RequestReason.WORKER_LOST, "lost", retry_after_seconds=1), "id", {}, closing=False)
    wrong = refusal(Invalid(RequestReason.EMPTY, "empty"), "id", {}, closing=False)
    assert (full.status_code, full.headers["retry-after"]) == (503, "3")
    assert (lost.status_code, lost.headers["retry-after"]) == (502, "1")
    assert "retry-after" not in wrong.headers


@pytest.mark.parametrize(
    ("waited", "thresholds", "outcome"),
    [(0.1, (0.2,), "invalid"), (0.3, (0.2,), "bad"), (0.3, (0.2, 0.5), "invalid"), (9.0, (), "invalid")],
)
def test_who_leaves_after_the_promised_time_left_because_of_us(
    waited: float, thresholds: tuple[float, ...], outcome: str
) -> None:
    assert codes.outcome(codes.left(waited, thresholds)) == outcome


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b'{"lines":[]}', '{"id":"7","model":"m","lines":[],"timings":{"queueMs":1.0,"totalMs":2.5}}'),
        (b"{}", '{"id":"7","model":"m","timings":{"queueMs":1.0,"totalMs":2.5}}'),
    ],
)
def test_id_model_and_timings_are_spliced_around_the_workers_object(body: bytes, wanted: str) -> None:
    got = with_timings(body, request_id="7", model="m", stages={"queue": 0.001}, total_seconds=0.0025)
    assert got.decode() == wanted


def test_server_timing_is_in_milliseconds() -> None:
    assert server_timing({"queue": 0.0015, "total": 0.25}) == "queue;dur=1.5, total;dur=250.0"
