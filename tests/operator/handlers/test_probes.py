"""The probes answer what the checks say, and a scrape is answered beside them."""

from __future__ import annotations

import asyncio
import socket

import aiohttp

from paddle_operator.handlers.probes import probes


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_a_check_that_finds_trouble_answers_500_with_it() -> None:
    async def main() -> list[tuple[int, str]]:
        port = free_port()
        found = []
        serving = probes(port, lambda: "", lambda: "not yet", lambda: b"up 1\n")
        async with serving, aiohttp.ClientSession() as session:
            for path in ("healthz", "readyz", "metrics", "nothing"):
                async with session.get(f"http://127.0.0.1:{port}/{path}") as answer:
                    found.append((answer.status, await answer.text()))
        return found

    live, ready, metrics, nothing = asyncio.run(main())
    assert live == (200, "ok")
    assert ready == (500, "not yet")
    assert metrics == (200, "up 1\n")
    assert nothing[0] == 404
