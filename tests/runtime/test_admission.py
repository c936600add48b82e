"""Admission is a function of load, room, the caller's wish and time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.admission import (
    LONGEST_RETRY_SECONDS,
    PROBE_EVERY,
    Load,
    Room,
    Wish,
    admit,
    admit_bytes,
    admit_header,
    lateness,
    retry_after_seconds,
)
from paddle_runtime.cost import Prediction
from paddle_runtime.dispatch.backlog import Backlog, Terms
from paddle_runtime.errors import Refused, RequestReason

ROOM = Room(max_waiting_requests=4, max_held_bytes=1000, request_timeout_seconds=30.0)
WISH = Wish(received_at=100.0)
NOTHING_KNOWN = Prediction()
TENTH = Prediction(expected=0.1, sure=0.12)


def waits(deadline: float = 200.0, expected: float = 0.1) -> Terms:
    return Terms(deadline, deadline, Prediction(expected, expected * 1.2))


def load(
    *, waiting: int | tuple[Terms, ...] = 0, busy: tuple[tuple[float, float], ...] = (), **more: int
) -> Load:
    jobs = tuple(waits() for _ in range(waiting)) if isinstance(waiting, int) else waiting
    idle = {"warm_workers": 2, "held_bytes": 0, "draining": False}
    return Load(backlog=Backlog(busy, jobs), **{**idle, **more})  # type: ignore[arg-type]


def taken(loaded: Load, wish: Wish, prediction: Prediction = TENTH) -> Terms:
    [terms] = admit(loaded, ROOM, wish, [prediction], refused_in_row=0, now=100.0)
    return terms


def refused(
    loaded: Load, wish: Wish, *predictions: Prediction, refused_in_row: int = 0, now: float = 100.0
) -> Refused:
    with pytest.raises(Refused) as fault:
        admit(loaded, ROOM, wish, predictions or [TENTH], refused_in_row=refused_in_row, now=now)
    assert isinstance(fault.value.retry_after_seconds, int)
    assert fault.value.retry_after_seconds >= 1
    return fault.value


def test_an_idle_server_takes_all_and_gives_the_servers_own_deadline() -> None:
    assert taken(load(), WISH, NOTHING_KNOWN) == Terms(130.0, 130.0, NOTHING_KNOWN)


@pytest.mark.parametrize(
    ("loaded", "reason"),
    [
        (load(warm_workers=0), RequestReason.NOT_READY),
        (load(waiting=4), RequestReason.QUEUE_FULL),
        (load(draining=True), RequestReason.DRAINING),
        (load(draining=True, warm_workers=0), RequestReason.DRAINING),
    ],
)
def test_each_refusal_has_its_reason_before_and_after_the_body(loaded: Load, reason: RequestReason) -> None:
    assert refused(loaded, WISH).reason is reason
    with pytest.raises(Refused) as fault:
        admit_header(loaded, ROOM)
    assert fault.value.reason is reason


def test_busy_workers_and_a_queue_with_room_are_no_reason_to_refuse() -> None:
    busy = ((99.9, 0.5), (99.9, 0.5))
    assert taken(load(waiting=3, busy=busy), WISH).deadline == 130.0


# The caller's own deadline


def test_what_a_caller_can_use_in_time_is_taken_and_given_up_at_that_time() -> None:
    wish = Wish(received_at=100.0, deadline_at=100.5)
    assert taken(load(), wish) == Terms(100.5, 100.5, TENTH)


def test_a_deadline_that_not_even_an_idle_server_meets_is_told_before_the_work() -> None:
    fault = refused(load(), Wish(received_at=100.0, deadline_at=100.11))
    assert fault.reason is RequestReason.PREDICTED_LATE
    assert "10 ms after its deadline (in 110 ms)" in str(fault)


def test_a_deadline_that_passed_while_the_body_came_is_refused_though_nothing_is_known_of_costs() -> None:
    assert refused(load(), Wish(99.0, deadline_at=99.9), NOTHING_KNOWN).reason is RequestReason.PREDICTED_LATE


def test_the_queue_and_what_workers_hold_count_against_a_deadline() -> None:
    wish = Wish(100.0, deadline_at=100.45)
    busy = ((99.9, 0.3), (99.9, 0.3))  # both free again at 100.2
    assert taken(load(busy=busy), wish).deadline == 100.45
    assert taken(load(busy=busy, waiting=2), wish).deadline == 100.45
    urgent = tuple(waits(100.42, 0.2) for _ in range(3))  # before ours, until 100.4, 100.4 and 100.6
    refused(load(busy=busy, waiting=urgent), wish)


def test_what_waits_with_a_later_deadline_stands_behind() -> None:
    wish = Wish(100.0, deadline_at=100.45)
    assert taken(load(waiting=3, busy=((99.9, 0.3), (99.9, 0.3))), wish)


def test_nobody_is_taken_who_would_make_an_accepted_one_late() -> None:
    accepted = waits(deadline=100.15)
    one_worker = load(waiting=(accepted,), warm_workers=1)
    assert refused(one_worker, Wish(100.0, deadline_at=100.14)).reason is RequestReason.PREDICTED_LATE
    assert taken(one_worker, Wish(100.0, deadline_at=100.25))


def test_one_that_is_late_anyway_keeps_nobody_out() -> None:
    hopeless = waits(deadline=100.05)
    assert taken(load(waiting=(hopeless,), warm_workers=1), Wish(100.0, 100.4))


def test_no_caller_gets_more_time_than_the_server_gives() -> None:
    assert taken(load(), Wish(100.0, deadline_at=500.0)).give_up_at == 130.0


# The promise


def test_the_promise_is_the_deadline_of_who_names_none_and_a_late_answer_is_still_sent() -> None:
    wish = Wish(received_at=99.9, promised_seconds=0.3)
    terms = taken(load(), wish)
    assert (round(terms.deadline, 6), terms.give_up_at) == (100.2, 130.0)


def test_a_queue_that_breaks_the_promise_refuses() -> None:
    wish = Wish(received_at=100.0, promised_seconds=0.3)
    urgent = tuple(waits(deadline=100.2) for _ in range(3))
    assert refused(load(waiting=urgent, warm_workers=1), wish).reason is RequestReason.PREDICTED_LATE


def test_a_promise_that_this_request_breaks_by_itself_refuses_nobody() -> None:
    wish = Wish(received_at=100.0, promised_seconds=0.05)
    assert taken(load(waiting=3), wish).deadline == 130.0


# A prediction must not keep itself alive


def test_an_idle_server_tries_what_names_no_deadline_whatever_was_predicted() -> None:
    hour = Prediction(3600.0, 4000.0)
    assert taken(load(), WISH, hour).give_up_at == 130.0
    refused(load(waiting=1), WISH, hour)


def test_an_idle_server_tries_one_in_sixteen_of_those_that_it_would_refuse() -> None:
    wish = Wish(100.0, deadline_at=100.05)
    for before in range(PROBE_EVERY - 1):
        refused(load(), wish, refused_in_row=before)
    refused(load(waiting=1), wish, refused_in_row=PROBE_EVERY - 1)
    refused(load(), Wish(100.0, deadline_at=99.0), refused_in_row=PROBE_EVERY - 1)
    [probe] = admit(load(), ROOM, wish, [TENTH], refused_in_row=PROBE_EVERY - 1, now=100.0)
    assert probe.give_up_at == 100.05


# Batches


def batch_is_taken(loaded: Load, seconds: float, pictures: int = 4) -> bool:
    try:
        taken = admit(loaded, ROOM, within(seconds), [TENTH] * pictures, refused_in_row=0, now=100.0)
    except Refused as fault:
        assert fault.reason is RequestReason.PREDICTED_LATE  # noqa: PT017
        return False
    assert [terms.prediction for terms in taken] == [TENTH] * pictures
    assert {terms.deadline for terms in taken} == {100.0 + seconds}
    return True


def within(seconds: float) -> Wish:
    return Wish(100.0, deadline_at=100.0 + seconds)


@pytest.mark.parametrize(
    ("loaded", "needed"),
    [
        (load(warm_workers=1), 0.42),  # three before the last one, which must surely be in time
        (load(warm_workers=2), 0.22),
        (load(warm_workers=8), 0.12),
        (load(warm_workers=2, busy=((100.0, 0.3),)), 0.42),
        (load(warm_workers=1, busy=((100.0, 0.1),)), 0.52),
    ],
)
def test_a_batch_is_taken_when_the_workers_can_do_all_of_it_in_time(loaded: Load, needed: float) -> None:
    assert not batch_is_taken(loaded, needed - 0.01)
    assert batch_is_taken(loaded, needed + 0.01)


def test_the_refusal_of_a_batch_names_its_last_picture() -> None:
    fault = refused(load(warm_workers=1), within(0.2), *[TENTH] * 4)
    assert "the last of its 4 pictures would be answered about 220 ms after its deadline" in str(fault)


def test_a_batch_that_breaks_the_promise_even_on_idle_workers_is_answered_late() -> None:
    wish = Wish(100.0, promised_seconds=0.3)
    busy = load(warm_workers=1, busy=((100.0, 0.1),))
    late = admit(busy, ROOM, wish, [TENTH] * 3, refused_in_row=0, now=100.0)
    assert {terms.deadline for terms in late} == {130.0}
    assert refused(busy, wish, *[TENTH] * 2).reason is RequestReason.PREDICTED_LATE


def test_a_deadline_that_is_over_is_told_without_a_negative_number() -> None:
    fault = refused(load(), Wish(100.0, deadline_at=99.993))
    assert "(7 ms ago)" in str(fault)
    assert "-" not in str(fault).replace("X-Deadline-Ms", "")


# Bytes and waiting


def test_bytes_are_admitted_up_to_the_last_one() -> None:
    admit_bytes(load(held_bytes=400), ROOM, 600)
    with pytest.raises(Refused):
        admit_bytes(load(held_bytes=400), ROOM, 601)


@given(st.integers(0, 10_000), st.floats(0, 1e4), st.integers(0, 64))
def test_seconds_to_wait_cover_the_queue_and_stay_bounded(waiting: int, mean: float, workers: int) -> None:
    jobs = (waits(expected=mean),) * waiting
    seconds = retry_after_seconds(load(waiting=jobs, warm_workers=workers))
    assert 1 <= seconds <= LONGEST_RETRY_SECONDS
    assert seconds >= min(waiting * mean * 0.999999 / max(workers, 1), LONGEST_RETRY_SECONDS)


seconds = st.floats(0, 10)
jobs = st.builds(lambda deadline, expected: waits(100 + deadline, expected), seconds, seconds)
running = st.lists(st.tuples(st.floats(90, 100), seconds), max_size=4)


@given(running, st.lists(jobs, max_size=10), jobs, st.integers(4, 8))
def test_a_queue_that_is_longer_never_makes_a_newcomer_earlier(
    busy: list[tuple[float, float]], queue: list[Terms], newcomer: Terms, workers: int
) -> None:
    def late(waiting: list[Terms]) -> float:
        return lateness(Backlog(tuple(busy), tuple(waiting)), workers, [newcomer], now=100.0)

    alone = lateness(Backlog(), workers, [newcomer], now=100.0)
    assert late(queue) >= alone - 1e-9
    assert late([]) >= alone - 1e-9


@given(running, st.lists(jobs, max_size=10), jobs)
def test_more_workers_never_make_a_newcomer_later(
    busy: list[tuple[float, float]], queue: list[Terms], newcomer: Terms
) -> None:
    before_it = tuple(terms for terms in queue if terms.deadline <= newcomer.deadline)
    few, many = (
        lateness(Backlog(tuple(busy), before_it), workers, [newcomer], now=100.0) for workers in (4, 5)
    )
    assert many <= few + 1e-9
