"""What is found to be a violation, and how it is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sweep.proxy import Fault, Strike
from sweep.report import report
from sweep.rounds import Sweep, judged, not_in_each
from sweep.trial import Outcome, Trial
from sweep.writes import Change, Point, Rules, Write

POINT = Point("PATCH services/koi", 2)
KILLED = Trial(Strike(POINT, Fault.KILL))
GOOD = Outcome(
    states=[{"Service koi": {"spec": {"weight": 5}}}, {}],
    counts={"services created": 1, "services deleted": 1},
    histories={"v1/services/koi /spec/weight": [0, 5]},
    struck=True,
    seconds=3.0,
)


def test_the_same_is_no_violation() -> None:
    verdict = judged(KILLED, GOOD, GOOD)
    assert verdict.violations == []
    assert str(verdict) == "kill-after PATCH services/koi #2: the same (3 s)"


def test_a_write_that_never_came_is_told() -> None:
    assert str(judged(KILLED, GOOD, replace(GOOD, struck=False))).endswith("#2: not reached (3 s)")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"states": [GOOD.states[0], {"Job j": 1}]}, "after step 2: Job j: was not to be: 1"),
        ({"states": [{"Service koi": {"spec": {}}}, {}]},
         "after step 1: Service koi /spec/weight: is absent, was to be 5"),
        ({"counts": {"services created": 2, "services deleted": 1}}, "services created: 2, was to be 1"),
        ({"counts": {"services created": 1}}, "services deleted: 0, was to be 1"),
        ({"counts": {**GOOD.counts, "jobs deleted": 1}}, "jobs deleted: 1, was to be 0"),
        ({"histories": {"v1/services/koi /spec/weight": [0, 5, 0]}},
         "v1/services/koi /spec/weight: was [0, 5, 0], was to be [0, 5]"),
        ({"histories": {"v1/services/other /spec/weight": [1]}},
         "v1/services/other /spec/weight: was [1], was to be []"),
        ({"ends": [3]}, "the operator ended by itself, with 3"),
    ],
)  # fmt: skip
def test_each_difference_is_a_violation_of_its_own(changed: dict[str, Any], told: str) -> None:
    assert judged(KILLED, GOOD, replace(GOOD, **changed)).violations == [told]


def test_what_is_made_late_may_come_and_go_once_more() -> None:
    late = Trial(Strike(POINT, Fault.LATE))
    made = replace(GOOD, writes=(Write(POINT, "services", 201, "u", Change.CREATED),))
    twice = replace(made, counts={"services created": 2, "services deleted": 2})
    assert judged(late, made, twice).violations == []
    changed = replace(made, writes=(Write(POINT, "services", 200, "u", Change.NONE),))
    assert len(judged(late, changed, twice).violations) == 2, "a change that comes late makes nothing"
    assert len(judged(KILLED, made, twice).violations) == 2
    thrice = replace(made, counts={"services created": 3, "services deleted": 3})
    assert len(judged(late, made, thrice).violations) == 2


def test_what_was_made_in_the_step_of_a_late_write_may_come_and_go_once_more() -> None:
    """Of two replicas the one that waits for its answer has looked before all of that was there."""
    late = Trial(Strike(POINT, Fault.LATE))
    job = Write(Point("PATCH jobs/*", 1), "jobs", 201, "j", Change.CREATED)
    changed = Write(POINT, "services", 200, "u", Change.NONE)
    pond = Write(Point("PATCH ponds/koi", 1), "ponds", 201, "p", Change.CREATED, step=1)
    counts = {"jobs created": 1, "jobs deleted": 1, "ponds created": 1, "ponds deleted": 1}
    told = replace(GOOD, writes=(job, changed, pond), counts=counts)
    twice = replace(told, counts={**counts, "jobs created": 2, "jobs deleted": 2})
    assert judged(late, told, twice).violations == []
    assert len(judged(KILLED, told, twice).violations) == 2
    another = replace(told, writes=(job, replace(job, point=Point("PATCH jobs/*", 2)), changed, pond))
    both = replace(told, counts={**counts, "jobs created": 3, "jobs deleted": 3})
    assert judged(late, another, both).violations == [], "each of them"
    assert len(judged(late, told, both).violations) == 2
    further = replace(told, counts={**counts, "ponds created": 2, "ponds deleted": 2})
    assert len(judged(late, told, further).violations) == 2, "by then it has looked again"


def test_a_write_that_only_one_undisturbed_run_had_need_not_come() -> None:
    event, status = Point("POST events", 1), Point("PATCH koi/status", 9)
    writes = (
        Write(POINT, "services", 200, "u", Change.NONE),
        Write(event, "events", 201, "e", Change.CREATED),
    )
    once_more = replace(GOOD, writes=(*writes, Write(status, "koi", 200, "k", Change.NONE)))
    assert not_in_each(once_more, replace(GOOD, writes=writes), Rules()) == {event, status}
    assert not_in_each(once_more, once_more, Rules()) == {event}
    missed = judged(Trial(Strike(status, Fault.KILL)), GOOD, replace(GOOD, struck=False), {status})
    assert (missed.reached, missed.needed) == (False, False)


def test_a_step_that_fails_is_told_and_what_it_left_undone_is_not() -> None:
    found = replace(
        GOOD, states=GOOD.states[:1], counts={"services created": 1}, failed="deleted: TimeoutError: 60 s"
    )
    assert judged(KILLED, GOOD, found).violations == ["step deleted: TimeoutError: 60 s"]


def test_a_report_has_a_row_for_each_fault_and_every_violation() -> None:
    verdicts = [
        judged(Trial(), GOOD, GOOD),
        judged(KILLED, GOOD, replace(GOOD, ends=[3])),
        judged(Trial(Strike(Point("PATCH pods/x", 1), Fault.KILL)), GOOD, replace(GOOD, struck=False)),
    ]
    event, more = Point("POST events", 2), Trial(Strike(Point("POST events", 2), Fault.KILL))
    verdicts.append(judged(more, GOOD, replace(GOOD, struck=False), {event}))
    assert report(Sweep([POINT], dict(GOOD.counts), verdicts)).splitlines() == [
        "1 writes: 1 services created, 1 services deleted",
        "                          runs  not reached  violating  seconds",
        "undisturbed, 1 at once       1            0          0        3",
        "kill-after                   3            2          1        9",
        "kill-after PATCH services/koi #2: the operator ended by itself, with 3",
        "kill-after PATCH pods/x #1: not reached",
    ]
