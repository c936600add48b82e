"""The record: what it keeps, as text, within its bounds."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from paddle_operator.sla.cells import Cell
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.outcomes import Tally
from paddle_operator.sla.record import (
    EARLIER,
    LARGEST_BYTES,
    REQUESTS,
    Record,
    account_of,
    fitted,
    record_from,
    text_of,
)
from paddle_operator.spec.promise import Objective
from tests.operator.sla.test_cells import at, cell

GOOD = Record(at(10), {REQUESTS: (cell(0, 5, 7200, bad=3), cell(5, 10, unknown=45)), "latency-200": ()})


def objective(**kind: object) -> Objective:
    return Objective.model_validate({"name": "x", **kind})


def test_the_text_is_the_documented_one_and_reads_back_as_it_was() -> None:
    assert json.loads(text_of(GOOD)) == {
        "version": 1,
        "until": "2026-06-01T12:10:00Z",
        "revisions": ["r1"],
        "accounts": {
            "requests": {"since": "2026-06-01T12:00:00Z", "cells": ["300 0:7200/3", "300u45"]},
            "latency-200": {"since": "2026-06-01T12:10:00Z", "cells": []},
        },
    }
    assert record_from(text_of(GOOD)) == GOOD


def test_objectives_with_the_same_counts_share_an_account_whatever_their_target() -> None:
    up = objective(availability={"targetPercent": "99.9"})
    errors = objective(errorRate={"maxPercent": "1"})
    fast = [
        objective(latency={"percentile": percentile, "thresholdMilliseconds": 200})
        for percentile in ("95", "99")
    ]
    assert account_of(up) == account_of(errors) == "requests"
    assert {account_of(one) for one in fast} == {"latency-200"}


@pytest.mark.parametrize(
    "cells",
    [
        (cell(0, 5), cell(4, 10)),
        (cell(0, 5), cell(0, 5), cell(5, 10)),
        (cell(0, 5), cell(6, 10)),
        (cell(0, 5),),
    ],
    ids=["overlap", "twice", "hole", "short"],
)
def test_a_record_with_time_twice_or_left_out_cannot_be_made(cells: tuple[Cell, ...]) -> None:
    with pytest.raises(ValueError, match=REQUESTS):
        Record(at(10), {REQUESTS: cells})


def test_time_that_is_counted_already_cannot_be_added_again() -> None:
    with pytest.raises(ValueError, match="follow"):
        GOOD.extended({REQUESTS: (cell(5, 15, 1),)}, at(15))


def test_a_new_account_begins_with_the_first_cell_of_which_anything_is_known() -> None:
    silent = cell(10, 15, unknown=300)
    made = GOOD.extended({REQUESTS: (silent, cell(15, 20)), "latency-300": (silent, cell(15, 20, 2))}, at(20))
    assert [one.interval.start for one in made.accounts["latency-300"]] == [at(15)]
    assert len(made.accounts[REQUESTS]) == 4
    assert "latency-200" not in made.accounts


def test_what_ended_before_the_window_is_forgotten() -> None:
    kept = fitted(GOOD, at(10), at(5))
    assert [one.interval.start for one in kept.accounts[REQUESTS]] == [at(5)]


def long_record(days: int, accounts: int, revisions: int) -> Record:
    """Every hour with a million requests of each revision."""
    hours = [
        Cell(
            Interval(at(60 * hour), at(60 * hour + 60)),
            {f"{'x' * 40}-{one:010x}": Tally(1_000_000 + hour, 1000) for one in range(revisions)},
            timedelta(seconds=17),
        )
        for hour in range(days * 24)
    ]
    return Record(at(days * 1440), {f"latency-{place}": tuple(hours) for place in range(accounts)})


@pytest.mark.parametrize(("days", "accounts", "revisions"), [(30, 3, 1), (90, 9, 1), (90, 9, 40)])
def test_a_record_never_outgrows_its_bound_and_no_count_is_lost(
    days: int, accounts: int, revisions: int
) -> None:
    whole = long_record(days, accounts, revisions)
    made = fitted(whole, whole.until, at(0))
    assert len(text_of(made)) <= LARGEST_BYTES
    for name, cells in whole.accounts.items():
        assert sum(one.requests for one in made.accounts[name]) == sum(one.requests for one in cells)
    if revisions > 1:
        assert {one for cell in made.accounts["latency-0"] for one in cell.by_revision} == {EARLIER}


def test_a_usual_record_keeps_its_hours() -> None:
    whole = long_record(30, 2, 1)
    assert fitted(whole, whole.until, at(0)) == whole
    assert len(text_of(whole)) < 64 * 1024


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-20],
        lambda text: "",
        lambda text: "[]",
        lambda text: "null",
        lambda text: text.replace('"version":1', '"version":2'),
        lambda text: text.replace("0:7200", "4:7200"),
        lambda text: text.replace("7200/3", "7200/-3"),
        lambda text: text.replace("300u45", "301u45"),
        lambda text: text.replace("300u45", "300uu"),
        lambda text: text.replace('"300u45"', "300"),
        lambda text: text.replace("2026-06-01T12:10", "someday"),
        lambda text: text.replace("300u45", "9" * 40),
    ],
)  # fmt: skip
def test_a_text_that_was_cut_or_edited_is_refused(spoil: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        record_from(spoil(text_of(GOOD)))  # type: ignore[operator]
