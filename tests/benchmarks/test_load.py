"""The load generator against a server whose behaviour is known: everything is accounted for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from benchmarks.corpus import Picture
from benchmarks.corpus_draw import Line
from benchmarks.load import Generator
from benchmarks.load_figures import Outcome, figures, steady
from benchmarks.load_plan import Plan

BOX = ((0.0, 0.0), (90.0, 0.0), (90.0, 20.0), (0.0, 20.0))
PICTURES = [
    Picture(f"{number}.png", "lines", "image/png", 100, 20, b"picture", (Line(f"text {number}", 0, BOX),))
    for number in range(4)
]
RIGHT = json.dumps({"lines": [{"text": f"text {0}", "box": BOX}]}).encode()
Answer = Callable[[int], Awaitable[bytes]]


def reply(status: int, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


async def measured(plan: Plan, answer: Answer, pictures: list[Picture] | None = None) -> dict[str, object]:
    """Run a plan against a server that answers its nth request as told; empty bytes close the connection."""
    count = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                count += 1
                said = await answer(count)
                if not said:
                    return
                writer.write(said)
        except asyncio.IncompleteReadError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    generator = Generator(Plan(**{**vars(plan), "ports": [port]}), pictures or PICTURES[:1])
    wall, _, _ = await generator.run()
    for connection in generator.idle:
        connection.close()
    server.close()
    return figures(generator.plan, generator.pictures, generator.outcomes, generator.replies, wall)


async def test_answers_refusals_and_broken_connections_are_told_apart() -> None:
    async def answer(number: int) -> bytes:
        return {2: reply(503, b"", "Retry-After: 0"), 3: b"", 4: reply(500, b"")}.get(
            number, reply(200, RIGHT)
        )

    found = await measured(Plan([], callers=1), answer, [PICTURES[0]] * 6)
    assert found["outcomes"] == {"answered": 3, "refused": 1, "failed": 2}
    assert found["errors"] == {"lines": {"rate": 0.0, "loose_rate": 0.0}}


async def test_a_wrong_text_counts_by_its_characters() -> None:
    async def answer(_: int) -> bytes:
        return reply(200, RIGHT)

    found = await measured(Plan([]), answer, PICTURES[:2])
    assert found["errors"] == {"lines": {"rate": pytest.approx(1 / 12), "loose_rate": pytest.approx(1 / 10)}}


def back_to_back(callers: int, latency: float, seconds: float) -> list[Outcome]:
    """What callers see who send the next picture when they have their answer."""
    return [
        Outcome(0, turn * latency, turn * latency, (turn + 1) * latency, 200)
        for turn in range(round(seconds / latency))
        for _ in range(callers)
    ]


def test_callers_are_latency_times_throughput() -> None:
    plan = Plan([], callers=4, seconds=100.0)
    found = steady(plan, back_to_back(4, 0.25, 100))
    assert found["valid"], found
    assert found["answered_a_second"] == pytest.approx(16, rel=0.01)


def test_a_row_whose_latencies_are_too_short_for_its_throughput_is_marked() -> None:
    outcomes = [replace(each, due=each.due + 0.1) for each in back_to_back(4, 0.25, 100)]
    found = steady(Plan([], callers=4, seconds=100.0), outcomes)
    assert not found["valid"]
    assert found["little_off_by"] == pytest.approx(0.4, abs=0.02)


async def test_an_open_loop_counts_from_when_a_request_was_due() -> None:
    free = asyncio.Lock()

    async def answer(_: int) -> bytes:
        async with free:
            await asyncio.sleep(0.05)
        return reply(200, RIGHT)

    # Twice as many as the one lock lets through: who waits, waits longer and longer.
    found = await measured(Plan([], rate=40.0, seconds=1.0, deadline_ms=200), answer)
    latency, outcomes = found["latency_seconds"], found["outcomes"]
    assert isinstance(latency, dict)
    assert isinstance(outcomes, dict)
    assert outcomes == {"answered": found["requests"]}
    assert latency["max"] > 0.5
    assert found["good_a_second"] < 0.5 * outcomes["answered"]  # type: ignore[operator]
