"""One row of a comparison: a system in as many processes as it is given, read from or asked over HTTP.

Every row does the same work: a list of pictures, each once, the longest first, so that no process stands idle
for longer than the smallest picture takes. Pictures a second are then pictures over the wall time.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from benchmarks.corpus import FOLDER, Picture
from benchmarks.processes import cpu_seconds, machine_seconds, resident_bytes, tree
from benchmarks.runtime_record import ROOT
from benchmarks.text_error import NO_ERRORS, Errors, Piece, errors

CPUS = len(os.sched_getaffinity(0))
CALLERS_PER_CPU = 2


@dataclass(frozen=True)
class Round:
    """What one row did in one round. others: CPU seconds of everybody else on the machine meanwhile."""

    pictures: int
    wall_seconds: float
    cpu_seconds: float
    others_cpu_seconds: float
    resident_bytes: int
    seconds_by_stratum: Mapping[str, list[float]]
    errors: Mapping[str, Errors]
    generator_cpu_seconds: float = 0.0

    @property
    def rate(self) -> float:
        return self.pictures / self.wall_seconds

    @property
    def cpu_share(self) -> float:
        return self.cpu_seconds / (self.wall_seconds * CPUS)


class Row(Protocol):
    """A system in one configuration."""

    name: str

    def work(self, pictures: Sequence[Picture]) -> Round: ...

    def close(self) -> None: ...


@dataclass
class Reader:
    """A process that reads one picture at a time."""

    command: Sequence[str]
    environment: Mapping[str, str]
    process: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **self.environment},
            cwd=ROOT,
        )

    def ask(self, picture: Picture, mode: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        asked = {"path": str(FOLDER / picture.name), "stratum": picture.stratum, "mode": mode}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{' '.join(self.command)} ended with {self.process.wait()}")
        found: dict[str, Any] = json.loads(line)
        return found


class Readers:
    """Some reader processes of one command."""

    def __init__(self, command: Sequence[str], processes: int, environment: Mapping[str, str]) -> None:
        self.readers = [Reader(command, environment) for _ in range(processes)]
        for each in self.readers:
            each.answer()

    def pids(self) -> list[int]:
        return [each.process.pid for each in self.readers]

    def all(self, pictures: Sequence[Picture], mode: str) -> list[tuple[Picture, dict[str, Any]]]:
        """Each picture once, by whichever process is free."""
        waiting: queue.SimpleQueue[Picture] = queue.SimpleQueue()
        for picture in pictures:
            waiting.put(picture)
        answers: list[tuple[Picture, dict[str, Any]]] = []

        def run(reader: Reader) -> None:
            while True:
                try:
                    picture = waiting.get_nowait()
                except queue.Empty:
                    return
                answers.append((picture, reader.ask(picture, mode)))

        in_parallel([lambda reader=each: run(reader) for each in self.readers])
        if len(answers) != len(pictures):
            raise SystemExit(f"{len(pictures) - len(answers)} pictures were not answered")
        return answers

    def each(self, pictures: Sequence[Picture], mode: str) -> None:
        """Every process takes every picture."""

        def run(reader: Reader) -> None:
            for picture in pictures:
                reader.ask(picture, mode)

        in_parallel([lambda reader=each: run(reader) for each in self.readers])

    def close(self) -> None:
        for each in self.readers:
            if each.process.returncode is None:
                each.process.communicate()


class ReaderRow:
    """Readers in one mode. Two rows may share readers: they never run at the same time."""

    def __init__(self, name: str, readers: Readers, mode: str = "pipeline") -> None:
        self.name = name
        self.readers = readers
        self.mode = mode

    def work(self, pictures: Sequence[Picture]) -> Round:
        if self.mode == "calls":
            self.readers.each(pictures, "prepare")
        before = Meter(self.readers.pids())
        answers = self.readers.all(longest_first(pictures), self.mode)
        wall, cpu, others = before.passed()
        seconds: dict[str, list[float]] = {}
        wrong: dict[str, Errors] = {}
        for picture, answer in answers:
            seconds.setdefault(picture.stratum, []).append(answer["seconds"])
            found = [Piece(text, box) for text, box in answer["pieces"]]
            if self.mode != "calls":
                wrong[picture.stratum] = wrong.get(picture.stratum, NO_ERRORS) + errors(picture, found)
        resident = resident_bytes(tree(self.readers.pids()))
        return Round(len(pictures), wall, cpu, others, resident, seconds, wrong)

    def close(self) -> None:
        self.readers.close()


class ServedRow:
    """A server, asked over HTTP by the load generator, which is a process of its own."""

    def __init__(
        self, name: str, pids: Sequence[int], plan: Mapping[str, Any], servers: Sequence[Any]
    ) -> None:
        self.name = name
        self.pids = pids
        self.plan = plan
        self.servers = servers

    def work(self, pictures: Sequence[Picture]) -> Round:
        names = [each.name for each in longest_first(pictures)]
        before = Meter(self.pids)
        found = generate({**self.plan, "pictures": names})
        _, cpu, _ = before.passed()
        if found["outcomes"] != {"answered": len(names)}:
            raise SystemExit(f"{self.name}: {found['outcomes']} {found['failures']}")
        wrong = {name: Errors(**counts) for name, counts in found["error_counts"].items()}
        return Round(
            pictures=len(names),
            wall_seconds=found["wall_seconds"],
            cpu_seconds=cpu,
            others_cpu_seconds=max(
                0.0, found["machine_cpu_seconds"] - cpu
            ),  # while it sent, not as it started
            resident_bytes=resident_bytes(tree(self.pids)),
            seconds_by_stratum={},
            errors=wrong,
            generator_cpu_seconds=found["generator"]["cpu_seconds"],
        )

    def close(self) -> None:
        for each in self.servers:
            each.__exit__(None, None, None)


class Meter:
    """Wall and CPU time from now on."""

    def __init__(self, roots: Sequence[int]) -> None:
        self.roots = roots
        self.began, self.cpu, self.busy = time.perf_counter(), cpu_seconds(tree(roots)), machine_seconds()

    def passed(self) -> tuple[float, float, float]:
        """Wall seconds, CPU seconds of the processes, CPU seconds of all others (with the host's share)."""
        wall, busy = time.perf_counter() - self.began, machine_seconds()
        cpu = cpu_seconds(tree(self.roots)) - self.cpu
        whole = sum(busy) - sum(self.busy)
        return wall, cpu, max(0.0, whole - cpu)


def generate(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Run the load generator."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", "--plan"],
        input=json.dumps(plan),
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"the load generator ended with {done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def longest_first(pictures: Sequence[Picture]) -> list[Picture]:
    """By the number of characters: nearly all the work of a picture is reading its lines."""
    return sorted(pictures, key=lambda each: -sum(len(line.text) for line in each.lines))


def in_parallel(work: Sequence[Any]) -> None:
    """One thread each, which only waits for its process."""
    failed: list[BaseException] = []

    def guarded(one: Any) -> None:
        try:
            one()
        except BaseException as error:  # a thread has nobody else to tell
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(one,)) for one in work]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if failed:
        raise failed[0]
