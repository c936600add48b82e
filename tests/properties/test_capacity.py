"""Whatever replicas do: the interval is one, and what is claimed was seen or is near it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from paddle_operator.sla.answer import Value
from paddle_operator.sla.capacity import EXTRAPOLATION, capacity
from paddle_operator.sla.confidence import share_between
from paddle_operator.sla.learning import Demand, Seen, from_json, learn, to_json
from tests.operator.sla.counters import NOON

DEMANDS = (Demand("up", 0.001), Demand("fast", 0.05, 0.3))


@st.composite
def intervals(draw: st.DrawFn) -> Seen:
    good, bad, refused = (draw(st.integers(0, 400)) for _ in range(3))
    return Seen(
        seconds=draw(st.floats(1, 60)),
        workers=draw(st.integers(1, 8)),
        busy_seconds=draw(st.floats(0, 500)),
        offered=good + bad + refused,
        handled=good + bad,
        kept={"up": good, "fast": draw(st.integers(0, good))},
        waited=draw(st.integers(0, 400)),
        whole=draw(st.booleans()),
    )


MANY = st.lists(intervals(), max_size=60)


@given(MANY, st.integers(1, 4096), st.integers(1, 64))
@settings(max_examples=200)
def test_an_estimate_is_an_interval_and_claims_no_more_than_it_may(
    seen: list[Seen], room: int, together: int
) -> None:
    learned = learn(None, seen, DEMANDS, "p", NOON)
    found = capacity(learned, DEMANDS, room=room, together=together)
    if isinstance(found, Value):
        one = found.value
        assert 0 <= one.low <= one.high
        assert one.low <= max(one.kept, EXTRAPOLATION * one.seen) * (1 + 1e-9)
        assert one.kept <= one.seen * (1 + 1e-9)


@given(MANY, MANY)
def test_it_does_not_matter_in_which_looks_intervals_come(first: list[Seen], second: list[Seen]) -> None:
    once = learn(None, [*first, *second], DEMANDS, "p", NOON)
    twice = learn(learn(None, first, DEMANDS, "p", NOON), second, DEMANDS, "p", NOON)
    assert once == twice


@given(MANY)
def test_what_is_stored_is_what_is_read(seen: list[Seen]) -> None:
    stored = to_json(learn(None, seen, DEMANDS, "p", NOON))
    again = from_json(stored)
    assert again is not None
    assert to_json(again) == stored


@given(st.integers(1, 100_000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_a_share_lies_between_its_bounds(counted: tuple[int, int]) -> None:
    count, total = counted
    low, high = share_between(count, total)
    assert 0 <= low <= count / total + 1e-9
    assert count / total - 1e-9 <= high <= 1
