"""One request to a real server: what its answer, or the lack of one, counts as."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from paddle_operator.golden.asking import Said
from paddle_operator.golden.http import LONGEST_ANSWER, HttpAsk, judged

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/golden", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    try:
        yield f"http://127.0.0.1:{port}/golden"
    finally:
        await runner.cleanup()


async def said(handler: Handler, timeout_seconds: float = 5.0) -> Said:
    ask = HttpAsk()
    try:
        async with serving(handler) as address:
            return await ask(address, timeout_seconds)
    finally:
        await ask.close()


async def test_an_answer_is_good_and_each_request_has_a_connection_of_its_own() -> None:
    peers = set()

    async def handler(request: web.Request) -> web.Response:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        return web.json_response({"selfTest": 0})

    ask = HttpAsk()
    async with serving(handler) as address:
        assert [await ask(address, 5.0) for _ in range(3)] == [Said("good")] * 3
    await ask.close()
    assert len(peers) == 3


async def test_a_late_answer_is_bad() -> None:
    async def handler(request: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    assert await said(handler, 0.1) == Said("bad", "no answer within 0.1 s")


async def test_an_answer_that_stops_in_the_middle_is_bad() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "1000"})
        await answer.prepare(request)
        await answer.write(b"{")
        assert request.transport is not None
        request.transport.abort()
        return answer

    assert (await said(handler)).outcome == "bad"


async def test_a_refused_connection_is_bad() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        ask = HttpAsk()
        found = await ask(f"http://127.0.0.1:{nobody.getsockname()[1]}/golden", 5.0)
        await ask.close()
    assert found.outcome == "bad"
    assert "Connect" in found.why


async def test_an_endless_answer_is_not_read_to_its_end_and_a_redirect_not_followed() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(10_000):
            await answer.write(b"x" * LONGEST_ANSWER)
        return answer

    assert await said(endless, 5.0) == Said("good")

    async def elsewhere(request: web.Request) -> web.Response:
        raise web.HTTPFound("http://127.0.0.1:1/")

    assert (await said(elsewhere)).outcome == "invalid"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "good"),
        (302, "invalid"),
        (404, "invalid"),
        (500, "bad"),
        (502, "bad"),
        (503, "refused"),
        (504, "bad"),
    ],
)
def test_codes_count_as_the_runtime_counts_them(status: int, outcome: str) -> None:
    assert judged(status, b'{"error": "told"}').outcome == outcome
    if outcome != "good":
        assert judged(status, b'{"error": "told"}').why == f"{status} told"
        assert judged(status, b"<html>").why == str(status)
