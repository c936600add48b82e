"""The operator is killed after every single write, or loses its answer: what comes of it is the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from hack.demo.kubectl import Kube
from sweep.access import Access
from sweep.proxy import Fault
from sweep.report import report
from sweep.rounds import sweep
from sweep.trial import Site
from sweep.writes import Point
from tests.e2e.operator.crash_story import Life


@pytest.fixture
def life(admin: Kube, tmp_path: Path) -> Life:
    return Life(admin, tmp_path)


@pytest.fixture
def place(admin: Kube, account: Path, tmp_path: Path) -> Site:
    return Site(Access.of(admin.kubeconfig), Access.of(account), tmp_path)


def some(points: Sequence[Point]) -> Sequence[Point]:
    """The first three and the last one."""
    return [*points[:3], points[-1]]


@pytest.mark.e2e
@pytest.mark.timeout(240)
async def test_killed_after_some_writes_it_goes_on_as_if_nothing_had_been(life: Life, place: Site) -> None:
    story = life.subject(life.made, life.deleted, quiet_seconds=1.0)
    found = await sweep(story, place, [Fault.KILL], choose=some, at_once=5, tell=print)
    assert found.violations == [], report(found)


@pytest.mark.long
@pytest.mark.timeout(7200)
async def test_every_write_may_be_the_last_or_go_unanswered(
    life: Life, place: Site, record_property: Callable[[str, object], None]
) -> None:
    faults = [Fault.KILL, Fault.DROP, Fault.REFUSE]
    found = await sweep(life.whole(), place, faults, two_at_once=True, at_once=3, tell=print)
    told = report(found)
    print(told)
    record_property("writes", len(found.points))
    record_property("runs", len(found.verdicts))
    record_property("not_reached", sum(not one.reached for one in found.verdicts))
    assert found.violations == [], told
