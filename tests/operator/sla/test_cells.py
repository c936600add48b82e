"""Cells: cut at borders, joined with age, never over a border that matters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from paddle_operator.sla.cells import COARSE, FINE, FINE_FOR, Cell, aged, cut, entries, floor, within
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.outcomes import Tally

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def cell(
    start: float, end: float, good: int = 0, *, bad: int = 0, revision: str = "r1", unknown: int = 0
) -> Cell:
    tallies = {revision: Tally(good, bad)} if good or bad else {}
    return Cell(Interval(at(start), at(end)), tallies, timedelta(seconds=unknown))


def row(start: int, end: int) -> list[Cell]:
    """Cells of five minutes, with one request each."""
    return [cell(minute, minute + 5, 1) for minute in range(start, end, 5)]


def test_time_is_cut_at_borders_and_the_ends_are_shorter() -> None:
    parts = list(cut(at(3), at(17), FINE))
    assert [(part.start, part.end) for part in parts] == [
        (at(3), at(5)), (at(5), at(10)), (at(10), at(15)), (at(15), at(17)),
    ]  # fmt: skip
    assert list(cut(NOON, NOON, FINE)) == []


def test_time_is_also_cut_where_a_window_begins() -> None:
    parts = list(cut(at(0), at(120), COARSE, [at(30), at(60), at(500)]))
    assert [(part.start, part.end) for part in parts] == [
        (at(0), at(30)),
        (at(30), at(60)),
        (at(60), at(120)),
    ]


def test_borders_are_those_of_the_clock() -> None:
    assert floor(at(59.9), COARSE) == NOON
    assert floor(at(60), COARSE) == at(60)


def test_neighbours_add_up_by_revision_with_their_unknown_time() -> None:
    both = cell(0, 5, 3, bad=1, unknown=7).joined(cell(5, 10, 2, revision="r2", unknown=1))
    assert both == Cell(Interval(at(0), at(10)), {"r1": Tally(3, 1), "r2": Tally(2, 0)}, timedelta(seconds=8))


def test_cells_that_are_no_neighbours_cannot_be_joined() -> None:
    with pytest.raises(ValueError, match="cannot be joined"):
        cell(0, 5).joined(cell(6, 10))
    with pytest.raises(ValueError, match="cannot be joined"):
        cell(0, 5).joined(cell(0, 5))


def test_old_cells_become_hours_and_young_ones_stay() -> None:
    made = aged(row(0, 240), at(240))
    young = [one for one in made if one.interval.end > at(240) - FINE_FOR]
    assert all(one.interval.length == FINE for one in young)
    assert [one.interval.length for one in made[: -len(young)]] == [COARSE, COARSE]
    assert sum(one.requests for one in made) == 48


def test_ageing_step_by_step_ends_where_ageing_at_once_does() -> None:
    cells: tuple[Cell, ...] = ()
    for minute in range(0, 600, 5):
        cells = aged((*cells, cell(minute, minute + 5, 1)), at(minute + 5))
    assert cells == aged(row(0, 600), at(600))


def test_no_cell_is_joined_over_a_border_of_the_calendar() -> None:
    made = aged(row(0, 120), at(1000), [at(30)])
    assert [one.interval.length for one in made] == [
        timedelta(minutes=30), timedelta(minutes=30), COARSE,
    ]  # fmt: skip


def test_a_window_holds_only_whole_cells() -> None:
    assert within(row(0, 30), Interval(at(7), at(22))) == (cell(10, 15, 1), cell(15, 20, 1))


def test_entries_name_the_interval_the_revision_and_the_counts() -> None:
    (found,) = entries([cell(0, 5, 3, bad=2), cell(5, 10)])
    assert (found.interval, found.revision, found.tally) == (Interval(at(0), at(5)), "r1", Tally(3, 2))
