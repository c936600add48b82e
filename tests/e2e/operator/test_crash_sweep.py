"""The operator is killed after every single write, or loses its answer: what comes of it is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from hack.demo.kubectl import Kube
from sweep.access import Access
from sweep.proxy import Fault
from sweep.report import report
from sweep.rounds import sweep
from sweep.story import Subject
from sweep.trial import Site
from sweep.writes import Point
from tests.e2e.operator.crash_rollouts import Rollouts
from tests.e2e.operator.crash_story import Life
from tests.e2e.operator.paper_prometheus import PaperPrometheus


@pytest.fixture
def life(admin: Kube, tmp_path: Path) -> Life:
    return Life(admin, tmp_path)


@pytest.fixture
def rollouts(admin: Kube, tmp_path: Path) -> Iterator[Rollouts]:
    with PaperPrometheus().answering() as prometheus:
        yield Rollouts(admin, tmp_path, prometheus=prometheus)


@pytest.fixture
def place(admin: Kube, account: Path, tmp_path: Path) -> Site:
    return Site(Access.of(admin.kubeconfig), Access.of(account), tmp_path)


def taken_over(rollouts: Rollouts) -> Subject:
    """A service without a rollout, which the operator has nobody to ask about."""
    return Life(rollouts.admin, rollouts.folder).whole()


def some(points: Sequence[Point]) -> Sequence[Point]:
    """The first three and the last one."""
    return [*points[:3], points[-1]]


@pytest.mark.e2e
@pytest.mark.timeout(240)
async def test_killed_after_some_writes_it_goes_on_as_if_nothing_had_been(life: Life, place: Site) -> None:
    story = life.subject(life.made, life.deleted)
    found = await sweep(story, place, [Fault.KILL], choose=some, at_once=5, tell=print)
    assert found.violations == [], report(found)


TOLD: list[Callable[[Rollouts], Subject]] = [
    taken_over,
    Rollouts.made_and_deleted,
    Rollouts.promoted,
    Rollouts.rolled_back,
    Rollouts.by_hand,
    Rollouts.left_in_its_bake,
    Rollouts.one_by_one,
    Rollouts.asked_before,
    Rollouts.all_at_once,
    Rollouts.recreated,
]
STORIES = pytest.mark.parametrize("story", TOLD, ids=[one.__name__ for one in TOLD])
Story = Callable[[Rollouts], Subject]
Record = Callable[[str, object], None]


@pytest.mark.long
@pytest.mark.timeout(7200)
@STORIES
@pytest.mark.parametrize("fault", Fault)
async def test_every_write_may_be_the_last_go_unanswered_or_come_late(
    rollouts: Rollouts, place: Site, story: Story, fault: Fault, record_property: Record
) -> None:
    found = await sweep(story(rollouts), place, [fault], at_once=4, tell=print)
    record_property("writes", len(found.points))
    record_property("not_reached", len(found.not_reached))
    assert found.violations + found.not_reached == [], report(found)


@pytest.mark.long
@pytest.mark.timeout(600)
@STORIES
async def test_two_operators_at_once_come_to_what_one_comes_to(
    rollouts: Rollouts, place: Site, story: Story
) -> None:
    found = await sweep(story(rollouts), place, [], two_at_once=True, at_once=2, tell=print)
    assert found.violations == [], report(found)
