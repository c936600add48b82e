"""Availability in a report of a service that few ask: that of the operator's golden requests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paddle_operator.sla.outcomes import Tally
from paddle_operator.spec.report import CountedAt
from tests.operator.sla.counters import span
from tests.operator.sla.proxies import Proxy
from tests.operator.sla.report.reporting import HOUR, reported, shares, steady, the
from tests.operator.sla.traffic import Event, Pod, every, scrapes

GONE = (1200, 1500)


def quiet() -> Pod:
    """A pod that is asked every ten minutes, and is gone for five minutes."""
    return Pod(
        "a",
        "r1",
        (-30, GONE[1]),
        tuple(one for one in scrapes(-15, HOUR + 60) if not GONE[0] <= one <= GONE[1]),
        tuple(event for event in every(600, 1, HOUR) if not GONE[0] <= event.at <= GONE[1]),
    )


def asking(begin: int = -20, end: int = HOUR + 60) -> Pod:
    """An operator that asks every ten seconds, in vain while the pod is gone."""
    times = [event.at for event in every(10, max(begin, 0) + 2, min(end, HOUR))]
    events = (Event(time, "bad" if GONE[0] <= time <= GONE[1] else "good") for time in times)
    return Pod("operator-0", "", (begin,), scrapes(begin + 8, end), tuple(events))


def test_availability_of_a_quiet_service_is_that_of_golden_requests_and_an_outage_is_in_it() -> None:
    report = reported([quiet()], span(0, HOUR), asked=[asking()])
    up, fast = the(report, "up"), the(report, "fast")
    assert (up.source, fast.source) == (CountedAt.SYNTHETIC, CountedAt.RUNTIME)
    assert (up.total - up.good, up.total) == (30, 359)
    assert up.unknown_seconds == 0
    assert fast.total < 6
    assert shares(up) == {"r1": Tally(329, 30)}


def test_a_service_with_traffic_is_reported_by_it_whatever_the_golden_requests_say() -> None:
    up = the(reported([steady()], span(0, HOUR), asked=[asking()]), "up")
    assert (up.source, up.total - up.good) == (CountedAt.RUNTIME, 0)


@pytest.mark.parametrize(("pace", "source"), [(900, CountedAt.SYNTHETIC), (10, CountedAt.GATEWAY)])
def test_behind_a_gateway_golden_requests_tell_where_callers_sent_too_few(
    pace: int, source: CountedAt
) -> None:
    answers = tuple((float(event.at), "2") for event in every(pace, 1, HOUR))
    proxy = Proxy((-20,), answers, scrapes(-12, HOUR + 60))
    up = the(reported([steady()], span(0, HOUR), asked=[asking()], gateway=[proxy]), "up")
    assert (up.source, up.total - up.good) == (source, 30 if source is CountedAt.SYNTHETIC else 0)


def test_time_in_which_no_operator_asked_is_unknown() -> None:
    first = asking(end=1800)
    second = replace(asking(begin=2400), name="operator-1")
    up = the(reported([quiet()], span(0, HOUR), cuts=(1000, 2000), asked=[first, second]), "up")
    assert up.source is CountedAt.SYNTHETIC
    assert 600 <= up.unknown_seconds <= 600 + 2 * 40
    assert up.total - up.good == 30
    assert up.total < 310


def test_pages_and_one_reading_tell_the_same_of_golden_requests() -> None:
    whole, paged = (
        the(reported([quiet()], span(0, HOUR), cuts=cuts, asked=[asking()]), "up")
        for cuts in ((), (900, 1210, 1800))
    )
    assert (paged.good, paged.total, paged.unknown_seconds) == (
        whole.good,
        whole.total,
        whole.unknown_seconds,
    )
