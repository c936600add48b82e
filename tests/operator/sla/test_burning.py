"""Whether the whole service burns its budget fast, from counted cells."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

from paddle_operator.sla.answer import Value
from paddle_operator.sla.burn import Alarm, MinTraffic, burn_rules, burning
from paddle_operator.sla.cells import FINE, Cell
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.measured import LONGEST_AGE, measured
from paddle_operator.sla.measuring import Step
from paddle_operator.sla.outcomes import Tally
from paddle_operator.sla.record import REQUESTS, Record
from paddle_operator.spec.report import CountedAt
from tests.operator.sla.counters import NOON
from tests.operator.status.test_promise import promising

RULES = burn_rules(timedelta(days=30))
TARGET = Fraction(99, 100)
LEAST = MinTraffic(20, FINE)


def cells(*bad: int, requests: int = 100) -> list[Cell]:
    """Five minutes each, the last one until now; of so many requests, these are bad."""
    first = NOON - len(bad) * FINE
    return [
        Cell(Interval(first + place * FINE, first + (place + 1) * FINE), {"r1": Tally(requests - each, each)})
        for place, each in enumerate(bad)
    ]


def alarm(*bad: int, requests: int = 100, until: datetime = NOON) -> Alarm:
    return burning(RULES, TARGET, cells(*bad, requests=requests), until, LEAST)


def test_a_fast_burn_needs_an_hour_and_five_minutes_of_it() -> None:
    assert alarm(*[15] * 12) is Alarm.FIRING
    assert alarm(*[14] * 12) is Alarm.FIRING, "six times the budget for six hours, as far as is counted"
    assert alarm(*[15] * 11, 0) is Alarm.FIRING, "the half hour of the slower rule has it still"
    assert alarm(*[0] * 60, *[15] * 12) is Alarm.FIRING
    assert alarm(*[0] * 72, 15) is Alarm.QUIET, "five minutes are too short a time"


def test_what_is_over_for_half_an_hour_is_over() -> None:
    assert alarm(*[100] * 12, *[0] * 7) is Alarm.QUIET


def test_a_window_that_begins_in_a_cell_takes_it_in_whole() -> None:
    assert alarm(*[0] * 72, *[100] * 12, 0, until=NOON) is Alarm.FIRING
    half = NOON - FINE / 2
    assert burning(RULES[:1], TARGET, cells(*[100] * 11, 100, 0), half, LEAST) is Alarm.FIRING
    assert burning(RULES[:1], TARGET, cells(*[100] * 11, 100, 0), NOON, LEAST) is Alarm.QUIET


def test_few_requests_and_none_at_all_page_nobody() -> None:
    assert alarm(*[1] * 12, requests=1) is Alarm.TOO_LITTLE_TRAFFIC
    assert alarm() is Alarm.TOO_LITTLE_TRAFFIC


def test_tickets_page_nobody() -> None:
    tickets = [rule for rule in RULES if rule.factor < 6]
    assert burning(tickets, TARGET, cells(*[100] * 72), NOON, LEAST) is Alarm.TOO_LITTLE_TRAFFIC


def burns_fast(*bad: int, age: timedelta = timedelta()) -> bool:
    record = Record(NOON, {REQUESTS: tuple(cells(*bad))})
    found = measured(
        promising(), {CountedAt.RUNTIME: Step(record, {}, Value(NOON), behind=False)}, NOON + age
    )
    return found.burns_fast


def test_what_is_measured_tells_a_fast_burn_of_now() -> None:
    assert burns_fast(*[5] * 12)
    assert not burns_fast(*[0] * 12)
    assert not burns_fast(*[5] * 12, age=LONGEST_AGE + timedelta(seconds=1)), "what was counted is too old"
