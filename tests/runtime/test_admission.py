"""Admission is a function of load, room and time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.admission import (
    LONGEST_RETRY_SECONDS,
    Load,
    Room,
    admit,
    admit_bytes,
    retry_after_seconds,
)
from paddle_runtime.errors import Refused, RequestReason

ROOM = Room(max_waiting_requests=4, max_held_bytes=1000, request_timeout_seconds=30.0)


def load(**changes: float) -> Load:
    idle = {"warm_workers": 2, "waiting_requests": 0, "held_bytes": 0, "mean_service_seconds": 0.2}
    return Load(**{"draining": False, **idle, **changes})  # type: ignore[arg-type]


def test_an_idle_server_gives_a_deadline() -> None:
    assert admit(load(), ROOM, now=100.0) == 130.0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"warm_workers": 0}, RequestReason.NOT_READY),
        ({"waiting_requests": 4}, RequestReason.QUEUE_FULL),
        ({"draining": True}, RequestReason.DRAINING),
        ({"draining": True, "warm_workers": 0}, RequestReason.DRAINING),
    ],
)
def test_each_refusal_has_its_reason_and_whole_seconds_to_wait(
    changes: dict[str, float], reason: RequestReason
) -> None:
    with pytest.raises(Refused) as fault:
        admit(load(**changes), ROOM, now=0.0)
    assert fault.value.reason is reason
    assert isinstance(fault.value.retry_after_seconds, int)
    assert fault.value.retry_after_seconds >= 1


def test_busy_workers_and_a_queue_with_room_are_no_reason_to_refuse() -> None:
    assert admit(load(waiting_requests=3), ROOM, now=1.0) == 31.0


def test_bytes_are_admitted_up_to_the_last_one() -> None:
    admit_bytes(load(held_bytes=400), ROOM, 600)
    with pytest.raises(Refused):
        admit_bytes(load(held_bytes=400), ROOM, 601)


@given(st.integers(0, 10_000), st.floats(0, 1e4), st.integers(0, 64))
def test_seconds_to_wait_cover_the_queue_and_stay_bounded(waiting: int, mean: float, workers: int) -> None:
    seconds = retry_after_seconds(
        load(waiting_requests=waiting, mean_service_seconds=mean, warm_workers=workers)
    )
    assert 1 <= seconds <= LONGEST_RETRY_SECONDS
    assert seconds >= min(waiting * mean / max(workers, 1), LONGEST_RETRY_SECONDS)
