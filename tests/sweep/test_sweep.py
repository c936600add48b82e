"""A whole sweep of a small kopf operator: careful it is the same under every fault, careless it is caught."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from sweep.access import Access
from sweep.errors import NotTheSame, StepFailed
from sweep.proxy import Fault
from sweep.report import report
from sweep.rounds import Sweep, sweep
from sweep.story import Followed, Launch, Step, Subject
from sweep.trial import Site
from sweep.writes import Point
from tests.sweep.fake_api_server import GROUP, TOKEN, FakeApiServer

PONDS = Path(__file__).with_name("ponds.py")


@pytest.fixture
async def server() -> AsyncIterator[FakeApiServer]:
    async with FakeApiServer().serving() as one:
        yield one


@pytest.fixture
def site(server: FakeApiServer, tmp_path: Path) -> Site:
    file = tmp_path / "kubeconfig"
    file.write_text(server.kubeconfig())
    return Site(Access.of(file), Access.of(file), tmp_path)


def asked(server: FakeApiServer, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = httpx.request(method, server.url + path, json=body, headers=headers, timeout=10)
    answer.raise_for_status()
    return answer.json()


def stocked(server: FakeApiServer, method: str, fish: int) -> Callable[[str], None]:
    """A pond is made or changed; then its ConfigMap says so, and kopf has noted that it is done."""

    def act(namespace: str) -> None:
        ponds = f"/apis/{GROUP}/v1/namespaces/{namespace}/ponds"
        body = {
            "apiVersion": f"{GROUP}/v1",
            "kind": "Pond",
            "metadata": {"name": "koi"},
            "spec": {"fish": fish},
        }
        asked(server, method, ponds if method == "POST" else f"{ponds}/koi", body)
        end = time.monotonic() + 40
        while not (any_says(server, namespace, fish) and noted(server, namespace, fish)):
            assert time.monotonic() < end, f"no ConfigMap with {fish} fish"
            time.sleep(0.1)

    return act


def any_says(server: FakeApiServer, namespace: str, fish: int) -> bool:
    maps = asked(server, "GET", f"/api/v1/namespaces/{namespace}/configmaps")["items"]
    return any(one["data"] == {"fish": str(fish)} for one in maps)


def noted(server: FakeApiServer, namespace: str, fish: int) -> bool:
    pond = asked(server, "GET", f"/apis/{GROUP}/v1/namespaces/{namespace}/ponds/koi")
    return f'"fish":{fish}' in pond["metadata"].get("annotations", {}).get(LAST_HANDLED, "")


LAST_HANDLED = "kopf.zalando.org/last-handled-configuration"


def subject(server: FakeApiServer, careless: str = "", **changed: Any) -> Subject:
    def launch(_: Path, namespace: str, replica: int) -> Launch:
        command = [sys.executable, "-m", "kopf", "run", "--standalone", "-n", namespace, str(PONDS)]
        return Launch(command, {"CARELESS": careless, "PYTHONWARNINGS": "default"})

    steps = [Step("three fish", stocked(server, "POST", 3)), Step("four fish", stocked(server, "PATCH", 4))]
    usual = {
        "launch": launch, "steps": steps, "compared": ["v1/configmaps", f"{GROUP}/v1/ponds"],
        "followed": [Followed("v1/configmaps", "/data/fish")], "quiet_seconds": 0.7,
        "patience_seconds": 4.0 if careless else 30.0,
    }  # fmt: skip
    return Subject(**{**usual, **changed})


async def swept(
    server: FakeApiServer, site: Site, careless: str, faults: Sequence[Fault], **options: Any
) -> Sweep:
    return await sweep(subject(server, careless), site, faults, at_once=3, tell=print, **options)


async def test_a_careful_operator_is_the_same_under_every_fault(server: FakeApiServer, site: Site) -> None:
    found = await swept(server, site, "", [Fault.KILL, Fault.DROP, Fault.REFUSE])
    told = report(found)
    assert found.violations == [], told
    assert len(found.points) == 4, found.points
    assert len(found.verdicts) == 13
    assert found.not_reached == [], told
    assert found.counts == {"configmaps created": 1}
    assert not [key for key in server.objects if key[1] == "namespaces"], "each run's namespace is deleted"


async def test_writes_on_the_way_to_what_a_story_is_about_are_not_struck(
    server: FakeApiServer, site: Site
) -> None:
    way, begins = subject(server).steps
    story = subject(server, steps=[replace(way, swept=False), begins])
    found = await sweep(story, site, [Fault.KILL], at_once=3)
    assert found.points == [Point("PATCH configmaps/koi", 2), Point("PATCH ponds/koi", 2)]
    assert found.violations == [], report(found)


async def test_a_write_that_some_runs_lack_is_awaited_in_another_one(
    server: FakeApiServer, site: Site
) -> None:
    def act(namespace: str) -> None:
        stocked(server, "POST", 3)(namespace)
        if namespace.endswith(("-0-000", "-1-000", "-2-001")):
            stocked(server, "PATCH", 4)(namespace)
            stocked(server, "PATCH", 3)(namespace)

    story = subject(server, steps=[Step("three fish", act)], followed=())
    last, never = Point("PATCH configmaps/koi", 3), Point("PATCH configmaps/koi", 9)
    told: list[str] = []
    found = await sweep(
        story, site, [Fault.KILL], choose=lambda _: [last, never], at_once=3, tell=told.append
    )
    assert found.violations == [], report(found)
    assert found.not_reached == [f"kill-after {never}"]
    tries = [sum(f"kill-after {point}:" in line for line in told) for point in (last, never)]
    assert tries == [2, 3], told


async def test_one_that_makes_an_object_twice_is_caught(server: FakeApiServer, site: Site) -> None:
    found = await swept(server, site, "creates", [Fault.KILL, Fault.DROP], choose=lambda points: points[:1])
    assert found.points == [Point("POST configmaps", 1)]
    for fault in (Fault.KILL, Fault.DROP):
        trial = f"{fault} POST configmaps #1"
        assert f"{trial}: configmaps created: 3, was to be 2" in found.violations
        assert any(line.startswith(f"{trial}: after step 1: ConfigMap koi-*") for line in found.violations)
    assert "violating" in report(found)


async def test_one_that_ends_by_itself_is_caught(server: FakeApiServer, site: Site) -> None:
    found = await swept(server, site, "ends", [Fault.DROP], choose=lambda points: points[:1])
    assert found.violations == ["drop-answer PATCH configmaps/koi #1: the operator ended by itself, with 3"]


async def test_a_late_write_that_turns_a_field_back_is_caught(server: FakeApiServer, site: Site) -> None:
    found = await swept(server, site, "", [Fault.LATE], choose=lambda points: points[:1], two_at_once=True)
    told = "late PATCH configmaps/koi #1: v1/configmaps/koi /data/fish: was ['3', '4', '3'"
    assert any(line.startswith(told) for line in found.violations), found.violations
    assert not any(line.startswith("undisturbed") for line in found.violations), "two at once are no trouble"


async def test_a_story_that_is_not_the_same_twice_says_nothing(server: FakeApiServer, site: Site) -> None:
    numbers = iter(range(10))

    def act(namespace: str) -> None:
        stocked(server, "POST", next(numbers))(namespace)

    with pytest.raises(NotTheSame, match=r'ConfigMap koi /data/fish: is "1", was to be "0"'):
        await sweep(subject(server, steps=[Step("any fish", act)], patience_seconds=2.0), site)


async def test_a_story_that_fails_undisturbed_says_where(server: FakeApiServer, site: Site) -> None:
    def act(namespace: str) -> None:
        raise TimeoutError("no fish")

    with pytest.raises(StepFailed, match=r"waiting: TimeoutError: no fish; see .*-0-000-0\.log"):
        await sweep(subject(server, steps=[Step("waiting", act)]), site)
