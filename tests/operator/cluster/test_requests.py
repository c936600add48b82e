"""Every request to the API server is told with its verb, kind and result."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from kubernetes.aio.client import Configuration

from paddle_operator.cluster import kinds
from paddle_operator.cluster.api import Api
from paddle_operator.errors import ClusterRefused
from paddle_operator.telemetry.series import known_requests
from tests.operator.handlers.test_probes import free_port

LEASE = {"metadata": {"name": "n", "namespace": "ns"}}
Told = tuple[str, str, str]


def asked(script: Callable[[Api], Awaitable[object]], code: int = 200, silent: bool = False) -> list[Told]:
    """What is told when an API server answers with this code, or is silent until the time is over."""
    told: list[Told] = []

    async def answer(_: web.Request) -> web.Response:
        if silent:
            await asyncio.sleep(5)
        return web.json_response({"metadata": {}, "items": [], "message": "no"}, status=code)

    async def main() -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        port = free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        configuration = Configuration()
        configuration.host = f"http://127.0.0.1:{port}"
        api = Api(configuration, 0.2, lambda verb, kind, result, _: told.append((verb, kind, result)))
        try:
            await script(api)
        except ClusterRefused:
            assert code != 200 or silent
        finally:
            await api.close()
            await runner.cleanup()

    asyncio.run(main())
    return told


def read(api: Api) -> Awaitable[object]:
    return api.get(kinds.DEPLOYMENT, "ns", "n")


@pytest.mark.parametrize(
    ("code", "result"),
    [
        (200, "ok"),
        (404, "missing"),
        (409, "conflict"),
        (403, "refused"),
        (422, "refused"),
        (429, "unavailable"),
        (500, "unavailable"),
    ],
)
def test_the_result_is_told_in_a_word(code: int, result: str) -> None:
    assert asked(read, code) == [("get", "Deployment", result)]


def test_a_server_that_does_not_answer_in_time_is_unavailable() -> None:
    assert asked(read, silent=True) == [("get", "Deployment", "unavailable")]


def test_verbs_are_those_of_rbac_and_all_are_known_before() -> None:
    async def all_verbs(api: Api) -> None:
        await api.list(kinds.POD, "ns")
        await api.apply(kinds.JOB, LEASE, "m")
        await api.create(kinds.EVENT, LEASE, "m")
        await api.replace(kinds.LEASE, LEASE, "m")
        await api.delete(kinds.DEPLOYMENT, "ns", "n", "uid")

    told = asked(all_verbs)
    assert told == [
        ("list", "Pod", "ok"),
        ("patch", "Job", "ok"),
        ("create", "Event", "ok"),
        ("update", "Lease", "ok"),
        ("delete", "Deployment", "ok"),
    ]
    assert {(verb, kind) for verb, kind, _ in told} <= set(known_requests())


def test_an_object_that_is_gone_already_is_told_as_missing_and_is_no_error() -> None:
    async def delete(api: Api) -> None:
        await api.delete(kinds.DEPLOYMENT, "ns", "n", "uid")

    assert asked(delete, 404) == [("delete", "Deployment", "missing")]
