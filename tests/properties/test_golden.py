"""Whatever comes and whatever is asked: a figure is of one source, and an outage does not change it."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from paddle_operator.sla import golden
from paddle_operator.sla.answer import Value
from paddle_operator.sla.cells import FINE, Cell
from paddle_operator.sla.counting import count
from paddle_operator.sla.intervals import Interval, Spans
from paddle_operator.sla.measured import Figure, measured
from paddle_operator.sla.measuring import Step
from paddle_operator.sla.outcomes import Tally, outcomes
from paddle_operator.sla.record import REQUESTS, Record
from paddle_operator.sla.series import Sample, Series
from paddle_operator.sla.unknown import time_of
from paddle_operator.spec.promise import Sla
from paddle_operator.spec.report import CountedAt
from tests.operator.sla.counters import NOON, SCRAPING, at, span

UP = {"name": "up", "availability": {"targetPercent": "99"}}
FAST = {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 200}}
SLA = Sla.model_validate({"objectives": (UP, FAST)})
LEAST = SLA.min_traffic.requests
TALLIES = st.lists(st.builds(Tally, st.integers(0, 100), st.integers(0, 100)), max_size=48)


def step(tallies: list[Tally], revision: str) -> Step:
    """Cells of five minutes, the last of which ends at noon."""
    begin = NOON - len(tallies) * FINE
    cells = tuple(
        Cell(
            Interval(begin + place * FINE, begin + (place + 1) * FINE),
            {revision: tally} if tally.total else {},
        )
        for place, tally in enumerate(tallies)
    )
    return Step(Record(NOON, {REQUESTS: cells, "latency-200": cells}), {}, Value(NOON), behind=False)


def figures(came: list[Tally], asked: list[Tally]) -> dict[str, Figure]:
    steps = {CountedAt.RUNTIME: step(came, "r1"), CountedAt.SYNTHETIC: step(asked, golden.BEHIND_IT)}
    return {one.objective.name: one for one in measured(SLA, steps, NOON).figures}


@given(TALLIES, TALLIES)
@settings(max_examples=200)
def test_a_figure_is_of_one_source_and_of_traffic_where_there_is_enough_of_it(
    came: list[Tally], asked: list[Tally]
) -> None:
    found = figures(came, asked)
    assert found["fast"].counted_at is CountedAt.RUNTIME
    requests = sum(tally.total for tally in came)
    busy = requests > 0 and requests >= LEAST * len(came)
    synthetic = bool(asked) and not busy
    assert found["up"].counted_at is (CountedAt.SYNTHETIC if synthetic else CountedAt.RUNTIME)
    wanted = sum(asked if synthetic else came, Tally())
    budget = found["up"].budget
    assert (budget.value.tally if isinstance(budget, Value) else Tally()) == wanted


@given(st.integers(2, 20), st.integers(24, 100), st.integers(0, 12))
@settings(max_examples=100)
def test_an_outage_of_an_hour_in_hours_of_traffic_changes_no_source(
    times: int, cells: int, silent: int
) -> None:
    came = [Tally(times * LEAST, 0)] * cells + [Tally()] * silent
    asked = [Tally(30, 0)] * cells + [Tally(0, 30)] * silent
    assert figures(came, asked)["up"].counted_at is CountedAt.RUNTIME


@st.composite
def leads(draw: st.DrawFn) -> list[tuple[int, int, list[bool]]]:
    """Operators that ask one after the other: begin and end in seconds, and whether each answer was good."""
    made, begin = [], 0
    for _ in range(draw(st.integers(1, 4))):
        begin += draw(st.integers(0, 200))
        answers = draw(st.lists(st.booleans(), min_size=0, max_size=40))
        made.append((begin, begin + 10 * len(answers) + 5, answers))
        begin += 10 * len(answers) + 5
    return made


def scraped(place: int, lead: tuple[int, int, list[bool]]) -> list[Series]:
    """What is sampled of one operator: it asks five seconds after each ten."""
    begin, end, answers = lead
    ended = [(begin + 10 * number + 5.5, good) for number, good in enumerate(answers)]
    made = []
    for outcome in ("good", "bad", "refused", "invalid"):
        labels = {
            "__name__": "paddle_operator_golden_requests_total",
            "pod": f"operator-{place}",
            "service_namespace": "prod",
            "service_name": "calm",
            "outcome": outcome,
        }
        samples = tuple(
            Sample(
                at(second),
                float(
                    sum(
                        when < second and (outcome == "good") == good and outcome in {"good", "bad"}
                        for when, good in ended
                    )
                ),
            )
            for second in range(begin + place, end, 15)
        )
        made.append(Series(frozenset(labels.items()), samples))
    return made


@given(leads())
@settings(max_examples=200)
def test_what_is_counted_of_golden_requests_was_sent_and_what_is_not_lies_in_unknown_time(
    them: list[tuple[int, int, list[bool]]],
) -> None:
    whole = span(0, max(end for _, end, _ in them) + 60)
    series = golden.counters(
        one for place, lead in enumerate(them) for one in scraped(place, lead) if one.samples
    )
    counted = count(series, whole, SCRAPING)
    sent = [good for _, _, answers in them for good in answers]
    if not isinstance(counted, Value):
        assert all(end - begin <= 15 for begin, end, _ in them)
        return
    told = outcomes(counted.value, Spans((whole,)))
    assert isinstance(told, Value)
    tally = sum((one.tally for one in told.value.values()), Tally())
    assert set(told.value) == {golden.BEHIND_IT}
    assert tally.good <= sum(sent)
    assert tally.bad <= len(sent) - sum(sent)
    unknown = time_of(counted.value.unknown)
    lost = [
        begin + 10 * number + 5.5
        for begin, _, answers in them
        for number, _ in enumerate(answers)
        if at(begin + 10 * number + 5.5) not in unknown
    ]
    assert tally.total >= len(lost)
    silent = sum(max(0, later - end - 40) for (_, end, _), (later, _, _) in pairwise(them))
    assert unknown.total >= timedelta(seconds=silent)
