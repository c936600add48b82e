"""A load generator that sends the corpus and accounts for every request; one lean process.

    python -m benchmarks.load --port 8080 --callers 16 --seconds 60
    python -m benchmarks.load --port 8080 --rate 5 --seconds 60 --deadline-ms 3000

Closed loop: each caller sends its next picture when it has its answer; one that was refused waits as long as
Retry-After says. Open loop: requests are sent at times drawn beforehand (Poisson, seeded), whether or not
earlier ones came back, and latency counts from the time at which a request was due, so that a generator or
a server that falls behind cannot hide it. Work: a list of pictures, each once, by so many callers.

The requests' bytes are made and the answers are read outside of the measured time. What the generator itself
took is in the result: it shares the machine with what it measures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import uvloop

from benchmarks import load_forms as forms
from benchmarks.corpus import FOLDER, Picture, interleaved, load
from benchmarks.load_connection import Connection, Reply
from benchmarks.load_figures import Outcome, figures
from benchmarks.load_plan import Plan
from benchmarks.processes import machine_seconds

DRAIN_SECONDS = 120.0
CONNECTIONS = 1000


class Generator:
    """One run of a plan."""

    def __init__(self, plan: Plan, pictures: Sequence[Picture]) -> None:
        self.plan = plan
        self.pictures = pictures
        headers = {} if plan.deadline_ms is None else {"X-Deadline-Ms": str(plan.deadline_ms)}
        self.bodies = [forms.request(plan.form, picture, headers) for picture in pictures]
        self.outcomes: list[Outcome] = []
        self.replies: list[Reply | None] = []
        self.idle: list[Connection] = []
        self.made = 0
        self.began = 0.0

    def order(self) -> Iterator[int]:
        """Pictures' numbers: as given when each is sent once, else shuffled over and over."""
        if self.plan.seconds is None:
            yield from range(len(self.pictures))
            return
        chance = random.Random(self.plan.seed)
        while True:
            yield from chance.sample(range(len(self.pictures)), len(self.pictures))

    async def run(self) -> tuple[float, float, float]:
        """Send everything; wall and CPU seconds, and CPU seconds of the whole machine meanwhile."""
        await self._open(self.plan.callers if self.plan.rate is None else 64)
        self.began, cpu, busy = time.perf_counter(), time.process_time(), sum(machine_seconds())
        if self.plan.rate is None:
            await self._closed()
        else:
            await self._open_loop(self.plan.rate)
        wall = time.perf_counter() - self.began
        return wall, time.process_time() - cpu, sum(machine_seconds()) - busy

    async def _open(self, count: int) -> None:
        for _ in range(count):
            self.idle.append(await self._connection())

    async def _connection(self) -> Connection:
        port = self.plan.ports[self.made % len(self.plan.ports)]
        self.made += 1
        return await Connection.open(port)

    def now(self) -> float:
        return time.perf_counter() - self.began

    async def _closed(self) -> None:
        order = self.order()
        await asyncio.gather(*(self._caller(order, each) for each in list(self.idle)))

    async def _caller(self, order: Iterator[int], connection: Connection) -> None:
        for number in order:
            due = self.now()
            if self.plan.seconds is not None and due >= self.plan.seconds:
                return
            await asyncio.sleep(await self._send(number, due, connection))

    async def _open_loop(self, rate: float) -> None:
        assert self.plan.seconds is not None
        chance, due, order = random.Random(self.plan.seed + 1), 0.0, self.order()
        running: set[asyncio.Task[None]] = set()
        while (due := due + chance.expovariate(rate)) < self.plan.seconds:
            if (ahead := due - self.now()) > 0:
                await asyncio.sleep(ahead)
            task = asyncio.create_task(self._one(next(order), due))
            running.add(task)
            task.add_done_callback(running.discard)
        if running:
            await asyncio.wait(running, timeout=DRAIN_SECONDS)
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _one(self, number: int, due: float) -> None:
        try:
            connection = self.idle.pop() if self.idle else await self._connection()
        except OSError as error:
            self._note(number, due, None, str(error))
            return
        await self._send(number, due, connection)
        self.idle.append(connection)

    async def _send(self, number: int, due: float, connection: Connection) -> float:
        """One request; for how long its caller should rest afterwards."""
        sent = self.now()
        try:
            reply = await connection.ask(self.bodies[number])
        except asyncio.CancelledError:
            self._note(number, due, sent, f"no answer within {DRAIN_SECONDS} s")
            raise
        except OSError as error:
            self._note(number, due, sent, str(error) or type(error).__name__)
            return 0.0
        refused = reply.status in (429, 503)
        rest = float(reply.headers.get("retry-after", "0")) if refused and self.plan.rate is None else 0.0
        self.outcomes.append(Outcome(number, due, sent, self.now(), reply.status, rest=rest))
        self.replies.append(reply)
        return rest

    def _note(self, number: int, due: float, sent: float | None, failure: str) -> None:
        now = self.now()
        self.outcomes.append(Outcome(number, due, now if sent is None else sent, now, 0, failure))
        self.replies.append(None)


def run(plan: Plan, folder: Path = FOLDER) -> dict[str, object]:
    """Run a plan; its figures, and what was read in each picture that was answered."""
    known = {each.name: each for each in load(folder)}
    pictures = [known[name] for name in plan.pictures] if plan.pictures else interleaved(list(known.values()))
    generator = Generator(plan, pictures)
    wall, cpu, machine = uvloop.run(generator.run())
    return {
        "plan": {name: value for name, value in asdict(plan).items() if name not in ("pictures", "ports")},
        "machine_cpu_seconds": machine,
        "generator": {
            "cpu_seconds": cpu,
            "share_of_one_cpu": cpu / wall,
            "cpu_milliseconds_a_request": 1000 * cpu / max(1, len(generator.outcomes)),
        },
        **figures(plan, pictures, generator.outcomes, generator.replies, wall),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--plan", action="store_true", help="read a plan as JSON from standard input")
    parser.add_argument("--port", type=int, action="append", default=[])
    parser.add_argument("--form", choices=forms.FORMS, default="v1")
    parser.add_argument("--callers", type=int, default=1)
    parser.add_argument("--rate", type=float, help="requests a second: open loop")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--deadline-ms", type=int)
    parser.add_argument("--pictures", nargs="*", help="names in the corpus; all of it when not given")
    asked = parser.parse_args()
    if asked.plan:
        plan = Plan(**json.load(sys.stdin))
    else:
        plan = Plan(
            ports=asked.port,
            form=asked.form,
            callers=asked.callers,
            rate=asked.rate,
            seconds=asked.seconds,
            deadline_ms=asked.deadline_ms,
            pictures=asked.pictures,
        )
    json.dump(run(plan), sys.stdout, ensure_ascii=False, indent=None if asked.plan else 2)
    print()


if __name__ == "__main__":
    main()
