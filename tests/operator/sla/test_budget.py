"""Budgets, burn rates and alarms, on numbers that can be checked by hand."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest

from paddle_operator.sla.answer import Answer, Failed, NoData, Stale, Value, and_then, together
from paddle_operator.sla.budget import Budget, Entry, budget, burn_rate, time_to_exhaustion
from paddle_operator.sla.burn import Alarm, MinTraffic, Severity, burn_rules, firing
from paddle_operator.sla.outcomes import Tally
from tests.operator.sla.counters import at, known, span

TARGET = Fraction("99.9") / 100
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
LEAST = MinTraffic(20, 5 * MINUTE)
PAGE = burn_rules(30 * DAY)[0]


def a_budget(*tallies: tuple[str, int, int]) -> Budget:
    entries = [
        Entry(span(60 * place, 60 * place + 60), revision, Tally(good, bad))
        for place, (revision, good, bad) in enumerate(tallies)
    ]
    return known(budget(TARGET, entries))


def test_a_budget_is_exact() -> None:
    found = a_budget(("r1", 9_999, 1))
    assert found.allowed == 10
    assert found.remaining == 9
    assert found.remaining_share == Fraction(9, 10)
    assert found.attained == Fraction(9_999, 10_000)


def test_a_budget_can_be_overspent() -> None:
    assert a_budget(("r1", 970, 30)).remaining_share == -29


def test_each_revision_has_spent_its_own() -> None:
    found = a_budget(("r1", 7_000, 0), ("r2", 1_998, 2), ("r1", 999, 1))
    assert found.spent_by_revision == {"r1": Fraction(1, 10), "r2": Fraction(2, 10)}
    assert found.by_revision["r1"] == Tally(7_999, 1)


def test_without_requests_there_is_no_budget_and_not_a_full_one() -> None:
    assert isinstance(budget(TARGET, []), NoData)
    assert isinstance(budget(TARGET, [Entry(span(0, 60), "r1", Tally())]), NoData)


def test_nothing_is_spent_twice() -> None:
    one, other = Entry(span(0, 60), "r1", Tally(5, 1)), Entry(span(59, 70), "r1", Tally(5, 1))
    with pytest.raises(ValueError, match="r1 is counted twice from 2026-06-01 12:00:59"):
        budget(TARGET, [other, one])
    with pytest.raises(ValueError, match="counted twice"):
        budget(TARGET, [one, one])


@pytest.mark.parametrize("target", [Fraction(0), Fraction(1), Fraction(999, 10)])
def test_a_target_must_leave_a_budget(target: Fraction) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        budget(target, [Entry(span(0, 60), "r1", Tally(5, 1))])


def test_the_burn_rate_is_the_share_of_bad_over_the_share_allowed() -> None:
    assert burn_rate(Tally(999, 1), TARGET) == 1
    assert burn_rate(Tally(98, 2), TARGET) == 20
    assert burn_rate(Tally(), TARGET) is None


def test_a_budget_lasts_as_long_as_its_burn_rate_lets_it() -> None:
    window = 30 * DAY
    assert time_to_exhaustion(Fraction(1), Fraction(1), window) == window
    assert time_to_exhaustion(Fraction(1, 2), Fraction("14.4"), window) == 25 * HOUR
    assert time_to_exhaustion(Fraction(-1), Fraction(0), window) == timedelta()
    assert time_to_exhaustion(Fraction(1), Fraction(0), window) is None
    assert time_to_exhaustion(Fraction(1), Fraction(1, 10**12), window) == timedelta.max


def test_the_rules_of_thirty_days_are_googles() -> None:
    assert [(rule.severity, float(rule.factor), rule.long, rule.short) for rule in burn_rules(30 * DAY)] == [
        (Severity.PAGE, 14.4, HOUR, 5 * MINUTE),
        (Severity.PAGE, 6.0, 6 * HOUR, 30 * MINUTE),
        (Severity.TICKET, 3.0, DAY, 2 * HOUR),
        (Severity.TICKET, 1.0, 3 * DAY, 6 * HOUR),
    ]


def test_the_rules_of_a_week_spend_the_same_shares_of_its_budget() -> None:
    week = burn_rules(7 * DAY)
    assert [(rule.long, rule.short) for rule in week[:2]] == [
        (14 * MINUTE, 70 * timedelta(seconds=1)),
        (84 * MINUTE, 7 * MINUTE),
    ]
    assert [rule.factor * (rule.long / MINUTE).__round__() / (7 * 24 * 60) for rule in week] == [
        Fraction(2, 100),
        Fraction(5, 100),
        Fraction(10, 100),
        Fraction(10, 100),
    ]


def test_no_window_is_shorter_than_a_minute() -> None:
    assert burn_rules(DAY)[0].short == MINUTE


def decided(long: Tally, short: Tally) -> Alarm:
    return known(firing(PAGE, TARGET, Value(long), Value(short), LEAST))


def test_an_alarm_needs_both_windows_above_the_factor() -> None:
    assert decided(Tally(9_850, 150), Tally(985, 15)) is Alarm.FIRING
    assert decided(Tally(9_850, 150), Tally(1_000, 0)) is Alarm.QUIET
    assert decided(Tally(10_000, 15), Tally(985, 15)) is Alarm.QUIET
    assert decided(Tally(9_856, 144), Tally(9_856, 144)) is Alarm.QUIET  # exactly the factor


def test_few_requests_are_neither_an_alarm_nor_quiet() -> None:
    assert decided(Tally(0, 200), Tally(0, 19)) is Alarm.TOO_LITTLE_TRAFFIC
    assert decided(Tally(0, 200), Tally(0, 20)) is Alarm.FIRING
    nothing = firing(PAGE, TARGET, Value(Tally(9, 9)), Value(Tally()), MinTraffic(0, MINUTE))
    assert known(nothing) is Alarm.TOO_LITTLE_TRAFFIC


def test_a_longer_window_needs_as_much_traffic_for_longer() -> None:
    assert not LEAST.reached(119, 30 * MINUTE)
    assert LEAST.reached(120, 30 * MINUTE)


@pytest.mark.parametrize("other", [NoData("empty"), Failed("refused"), Stale(at(0), "old")])
def test_without_a_value_no_alarm_fires_and_none_is_quiet(other: Answer[Tally]) -> None:
    broken = Value(Tally(0, 1_000))
    assert firing(PAGE, TARGET, broken, other, LEAST) == other
    assert firing(PAGE, TARGET, other, broken, LEAST) == other


@pytest.mark.parametrize("answer", [Value(0), Value(True), NoData(""), Failed(""), Stale(at(0), "")])
def test_no_answer_is_true_or_false(answer: Answer[int]) -> None:
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(answer)


def test_several_answers_are_as_good_as_the_worst() -> None:
    values: list[Answer[int]] = [Value(1), Value(2)]
    none, old, broken = NoData(""), Stale(at(0), ""), Failed("")
    assert together(values) == Value((1, 2))
    assert together([*values, none]) == none
    assert together([none, old, *values]) == old
    assert together([none, old, broken]) == broken


def test_a_value_goes_on_and_everything_else_stays() -> None:
    def halved(number: int) -> Answer[int]:
        return Value(number // 2) if number % 2 == 0 else NoData("odd")

    assert and_then(Value(4), halved) == Value(2)
    assert and_then(Value(3), halved) == NoData("odd")
    assert and_then(Failed("x"), halved) == Failed("x")
