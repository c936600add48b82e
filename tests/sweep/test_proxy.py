"""The proxy passes on what it should, strikes one write, and lets nobody in without its token."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import yaml

from sweep.access import Access
from sweep.proxy import Fault, Proxy, Strike
from sweep.writes import Change, Point, Rules
from tests.sweep.fake_api_server import FakeApiServer

MAPS = "/api/v1/namespaces/run/configmaps"
APPLY = {"Content-Type": "application/apply-patch+yaml"}
FIRST = Point("PATCH configmaps/a", 1)


@pytest.fixture
async def server() -> AsyncIterator[FakeApiServer]:
    async with FakeApiServer().serving() as one:
        yield one


class Client:
    """What stands behind a proxy: an operator of one replica."""

    def __init__(self, server: FakeApiServer, folder: Path, strike: Strike | None = None) -> None:
        file = folder / "kubeconfig"
        file.write_text(server.kubeconfig())
        self.killed: list[str] = []
        self.proxy = Proxy(Access.of(file), "run", Rules(), strike, self.kill)

    async def kill(self, replica: str) -> None:
        self.killed.append(replica)

    async def __aenter__(self) -> Client:
        self._serving = self.proxy.serving()
        await self._serving.__aenter__()
        config = yaml.safe_load(self.proxy.kubeconfig("one"))
        self.server = config["clusters"][0]["cluster"]["server"]
        headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}"}
        self.session = aiohttp.ClientSession(headers=headers)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()
        await self._serving.__aexit__(None, None, None)

    async def apply(self, name: str = "a", fish: int = 1) -> int:
        body = {"metadata": {"name": name}, "data": {"fish": fish}}
        async with self.session.patch(f"{self.server}{MAPS}/{name}", json=body, headers=APPLY) as answer:
            return answer.status


def stored(server: FakeApiServer) -> list[str]:
    return sorted(name for _, plural, name in server.objects if plural == "configmaps")


async def test_writes_are_passed_on_and_remembered(server: FakeApiServer, tmp_path: Path) -> None:
    async with Client(server, tmp_path) as client:
        assert await client.apply() == 201
        assert await client.apply(fish=2) == 200
        assert [(str(one.point), one.change) for one in client.proxy.writes] == [
            ("PATCH configmaps/a #1", Change.CREATED),
            ("PATCH configmaps/a #2", Change.NONE),
        ]
        assert client.proxy.writes[0].uid == client.proxy.writes[1].uid != ""


async def test_a_watch_is_passed_on_line_by_line(server: FakeApiServer, tmp_path: Path) -> None:
    async with Client(server, tmp_path) as client:
        async with client.session.get(f"{client.server}{MAPS}?watch=1") as watch:
            for number in (1, 2):
                await client.apply(fish=number)
                event = json.loads(await asyncio.wait_for(watch.content.readline(), 5))
                assert event["object"]["data"] == {"fish": number}
        async with asyncio.timeout(5):
            while server._watches:
                await asyncio.sleep(0.01)  # who leaves a watch ends it at the API server, too


async def test_a_stranger_gets_nothing(server: FakeApiServer, tmp_path: Path) -> None:
    async with Client(server, tmp_path) as client, aiohttp.ClientSession() as stranger:
        async with stranger.get(f"{client.server}{MAPS}") as answer:
            assert answer.status == 401
        assert server.asked == []


@pytest.mark.parametrize("fault", [Fault.KILL, Fault.DROP])
async def test_a_write_without_an_answer_is_done(server: FakeApiServer, tmp_path: Path, fault: Fault) -> None:
    async with Client(server, tmp_path, Strike(FIRST, fault)) as client:
        assert await client.apply("b") == 201
        with pytest.raises(aiohttp.ClientError):
            await client.apply()
        assert stored(server) == ["a", "b"]
        assert client.killed == (["one"] if fault is Fault.KILL else [])
        assert client.proxy.struck
        assert await client.apply() == 200, "and the second one has its answer"


async def test_a_refused_write_is_not_done(server: FakeApiServer, tmp_path: Path) -> None:
    async with Client(server, tmp_path, Strike(FIRST, Fault.REFUSE)) as client:
        assert await client.apply() == 500
        assert stored(server) == []
        assert await client.apply() == 201


async def test_a_late_write_waits_until_it_is_let_go(server: FakeApiServer, tmp_path: Path) -> None:
    async with Client(server, tmp_path, Strike(FIRST, Fault.LATE)) as client:
        late = asyncio.create_task(client.apply(fish=1))
        while not client.proxy.struck:
            await asyncio.sleep(0.01)
        assert await client.apply(fish=2) == 201
        await asyncio.sleep(0.05)
        assert client.proxy.quiet_seconds >= 0.05, "what is held is not waited for"
        client.proxy.release()
        assert await late == 200
        assert server.objects["run", "configmaps", "a"]["data"] == {"fish": 1}


async def test_signs_of_life_are_neither_struck_nor_counted(server: FakeApiServer, tmp_path: Path) -> None:
    point = Point("PATCH leases/l", 1)
    async with Client(server, tmp_path, Strike(point, Fault.DROP)) as client:
        path = "/apis/coordination.k8s.io/v1/namespaces/run/leases/l"
        async with client.session.patch(client.server + path, json={}) as answer:
            assert answer.status == 404, "the fake has no such kind, and said so"
        assert client.proxy.writes == []
        assert not client.proxy.struck
