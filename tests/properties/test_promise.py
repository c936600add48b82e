"""Windows, exclusions, budgets and burn rates, whatever the numbers and wherever the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from paddle_operator.sla.answer import Value
from paddle_operator.sla.budget import Entry, budget, burn_rate, time_to_exhaustion
from paddle_operator.sla.exclusions import OneOff, Recurring, counted_time
from paddle_operator.sla.intervals import Interval, Spans
from paddle_operator.sla.outcomes import Tally
from paddle_operator.sla.schedule import parse_schedule
from paddle_operator.sla.windows import Period, calendar
from tests.operator.sla.counters import known, span

HOUR = timedelta(hours=1)
ZONES = st.sampled_from(
    [
        "UTC",
        "Asia/Shanghai",
        "Europe/Berlin",
        "America/New_York",
        "America/Havana",
        "Africa/Cairo",
        "Australia/Lord_Howe",
        "America/Goose_Bay",
        "Pacific/Apia",
        "Asia/Kathmandu",
        "America/Sao_Paulo",
    ]
).map(ZoneInfo)
MOMENTS = st.datetimes(datetime(2005, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
SCHEDULES = st.sampled_from(["0 3 * * 0", "30 2 * * *", "*/7 1-2 * * *", "0 0 1 * *", "0 */6 15 * 3"])
PAIRS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted), max_size=6)
TALLIES = st.builds(Tally, st.integers(0, 10_000), st.integers(0, 100))
TARGETS = st.decimals("50.1", "99.999", places=3).map(lambda percent: Fraction(str(percent)) / 100)


def spans_of(pairs: list[list[int]]) -> tuple[Spans, set[int]]:
    """A set of seconds twice: as spans, and one by one."""
    made = Spans(tuple(span(start, end) for start, end in pairs))
    return made, {second for start, end in pairs for second in range(start, end)}


@given(PAIRS, PAIRS)
def test_sets_of_time_are_sets(one: list[list[int]], other: list[list[int]]) -> None:
    (ours, our_seconds), (theirs, their_seconds) = spans_of(one), spans_of(other)
    for spans, seconds in (
        (ours | theirs, our_seconds | their_seconds),
        (ours & theirs, our_seconds & their_seconds),
        (ours - theirs, our_seconds - their_seconds),
    ):
        assert spans.total == timedelta(seconds=len(seconds))
        assert spans == spans_of([[second, second + 1] for second in seconds])[0]


@given(ZONES, st.sampled_from(list(Period)), MOMENTS)
@settings(max_examples=300)
def test_every_moment_lies_in_one_period_and_the_next_begins_where_it_ends(
    zone: ZoneInfo, period: Period, now: datetime
) -> None:
    found = calendar(period, zone, now)
    assert now in found
    assert calendar(period, zone, found.start) == found
    following = calendar(period, zone, found.end)
    assert following.start == found.end
    assert following != found


@given(ZONES, MOMENTS)
@settings(max_examples=300)
def test_a_day_is_as_long_as_its_clocks_say(zone: ZoneInfo, now: datetime) -> None:
    day = calendar(Period.DAY, zone, now)
    first, last = (moment.astimezone(zone) for moment in (day.start, day.end))
    offsets = [local.utcoffset() or timedelta() for local in (first, last)]
    shown = last.replace(tzinfo=UTC) - first.replace(tzinfo=UTC)
    assert day.length == shown - (offsets[1] - offsets[0])


@given(st.sampled_from(["Europe/Berlin", "America/New_York"]).map(ZoneInfo), st.integers(2008, 2034))
@settings(max_examples=20)
def test_a_year_has_one_day_of_23_hours_and_one_of_25(zone: ZoneInfo, year: int) -> None:
    noon = datetime(year, 1, 1, 12, tzinfo=UTC)
    lengths = [calendar(Period.DAY, zone, noon + timedelta(days=day)).length for day in range(365)]
    assert (lengths.count(23 * HOUR), lengths.count(25 * HOUR), lengths.count(24 * HOUR)) == (1, 1, 363)


@given(ZONES, SCHEDULES, MOMENTS, st.lists(st.integers(1, 5_000), min_size=1, max_size=4))
@settings(max_examples=60)
def test_intervals_side_by_side_have_the_starts_of_their_union(
    zone: ZoneInfo, text: str, now: datetime, minutes: list[int]
) -> None:
    schedule = parse_schedule(text, zone)
    cuts = [now]
    for length in minutes:
        cuts.append(cuts[-1] + timedelta(minutes=length))
    parts = [moment for one, other in pairwise(cuts) for moment in schedule.starts(Interval(one, other))]
    assert parts == list(schedule.starts(Interval(cuts[0], cuts[-1])))


@given(ZONES, SCHEDULES, MOMENTS, st.integers(0, 3_000), st.integers(0, 3_000))
@settings(max_examples=60)
def test_time_is_excluded_once_however_often_it_is_named(
    zone: ZoneInfo, text: str, now: datetime, first: int, minutes: int
) -> None:
    month = calendar(Period.MONTH, zone, now)
    start = month.start + timedelta(minutes=first)
    exclusions = (
        Recurring("often", parse_schedule(text, zone), 90 * timedelta(minutes=1)),
        OneOff("once", Interval(start, start + timedelta(minutes=minutes))),
    )
    excluded = exclusions[0].spans(month) | exclusions[1].spans(month)
    assert counted_time(month, exclusions).total + excluded.total == month.length
    assert counted_time(month, (*exclusions, *exclusions)) == counted_time(month, exclusions)


@given(st.lists(st.tuples(st.sampled_from(["r1", "r2", "r3"]), TALLIES), min_size=1, max_size=12), TARGETS)
def test_the_budgets_of_revisions_add_up_to_the_whole(
    them: list[tuple[str, Tally]], target: Fraction
) -> None:
    entries = [
        Entry(span(60 * place, 60 * place + 60), revision, tally)
        for place, (revision, tally) in enumerate(them)
    ]
    answer = budget(target, entries)
    if not isinstance(answer, Value):
        assert all(tally.total == 0 for _, tally in them)
        return
    whole = answer.value
    of_each = [budget(target, [one for one in entries if one.revision == name]) for name in whole.by_revision]
    parts = [part.value for part in of_each if isinstance(part, Value)]
    assert sum(part.allowed for part in parts) == whole.allowed
    assert sum(part.remaining for part in parts) == whole.remaining
    assert sum(whole.spent_by_revision.values()) == 1 - whole.remaining_share
    assert whole.tally == sum((tally for _, tally in them), Tally())


@given(TALLIES.filter(lambda tally: tally.total > 0), TARGETS)
def test_a_whole_window_spends_its_burn_rate(tally: Tally, target: Fraction) -> None:
    found = known(budget(target, [Entry(span(0, 60), "r1", tally)]))
    assert burn_rate(tally, target) == 1 - found.remaining_share


@given(st.integers(1, 10**6), st.integers(1, 9_999))
def test_a_burn_rate_of_one_over_the_whole_window_spends_exactly_the_budget(scale: int, bad: int) -> None:
    tally = Tally((10_000 - bad) * scale, bad * scale)
    target = 1 - Fraction(bad, 10_000)
    found = known(budget(target, [Entry(span(0, 60), "r1", tally)]))
    assert burn_rate(tally, target) == 1
    assert found.remaining == 0
    assert time_to_exhaustion(found.remaining_share, Fraction(1), 30 * 24 * HOUR) == timedelta()
