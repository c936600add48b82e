"""Throughput of one pod's worth of workers against its own limits on the same cores, interleaved.

    calls     the predictor calls of one page, replayed on arrays made before: what Paddle itself can do
    pipeline  the whole pipeline in closed loops, no HTTP, no queue
    served    HTTP requests in closed loops, twice as many callers as workers

Each round runs all three, in an order that rotates, so that a disturbance of the machine meets all alike.

    python -m benchmarks.runtime_throughput --rounds 5 --seconds 20
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from unittest import mock

from benchmarks.runtime_record import MODEL, Served, page, recognise, summary, write

KINDS = ("calls", "pipeline", "served")
CALLERS_PER_WORKER = 2


def limit_process() -> None:
    """A process with a pipeline of its own. On standard input: `KIND SECONDS`; on output: pages a second."""
    from paddle_runtime.bundle.store import builtin_path, open_bundle  # noqa: PLC0415
    from paddle_runtime.pipeline import open_pipeline  # noqa: PLC0415
    from paddle_runtime.predictor.devices import DeviceSettings  # noqa: PLC0415
    from paddle_runtime.predictor.paddle import PaddleSession  # noqa: PLC0415

    pipeline = open_pipeline(open_bundle(builtin_path(MODEL.partition(":")[2])), DeviceSettings())
    pipeline.warm_up(lambda what, share: None)
    body, run = memoryview(page()), PaddleSession.run
    calls: list[tuple[PaddleSession, dict[str, Any]]] = []

    def recording(session: PaddleSession, inputs: Mapping[str, Any]) -> list[Any]:
        calls.append((session, {name: array.copy() for name, array in inputs.items()}))
        return run(session, inputs)

    with mock.patch.object(PaddleSession, "run", recording):
        pipeline.run("ocr", body, {})

    def replay() -> None:
        for session, inputs in calls:
            session.run(inputs)

    work: dict[str, Callable[[], object]] = {
        "calls": replay,
        "pipeline": lambda: pipeline.run("ocr", body, {}),
    }
    print("ready", flush=True)
    for line in sys.stdin:
        kind, seconds = line.split()
        print(closed_loop(work[kind], float(seconds)), flush=True)


def closed_loop(work: Callable[[], object], seconds: float) -> float:
    """Runs a second."""
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        work()
        count += 1
    return count / (time.perf_counter() - began)


class Limits:
    """As many limit processes as workers."""

    def __init__(self, workers: int) -> None:
        command = [sys.executable, "-m", "benchmarks.runtime_throughput", "--limit-process"]
        self.processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(workers)
        ]
        for each in self.processes:
            self.answer(each)

    def answer(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit("a limit process ended early")
        return line

    def measure(self, kind: str, seconds: float) -> float:
        for each in self.processes:
            assert each.stdin is not None
            each.stdin.write(f"{kind} {seconds}\n")
            each.stdin.flush()
        return sum(float(self.answer(each)) for each in self.processes)

    def close(self) -> None:
        for each in self.processes:
            each.communicate()


def served(port: int, workers: int, seconds: float) -> tuple[float, list[float]]:
    """Pages a second over HTTP, and each request's seconds."""
    body, rates, latencies = page(), [], []

    def caller() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        rates.append(closed_loop(lambda: latencies.append(recognise(connection, body)[0]), seconds))
        connection.close()

    threads = [threading.Thread(target=caller) for _ in range(workers * CALLERS_PER_WORKER)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return sum(rates), latencies


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each of the three in each round")
    parser.add_argument("--limit-process", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.limit_process:
        limit_process()
        return
    rates: dict[str, list[float]] = {kind: [] for kind in KINDS}
    latencies: list[float] = []
    with Served() as server:
        server.wait_all_warm()
        workers = int(server.metrics()["paddle_runtime_workers"])
        limits = Limits(workers)
        for number in range(asked.rounds):
            for kind in KINDS[number % 3 :] + KINDS[: number % 3]:
                if kind == "served":
                    rate, more = served(server.port(), workers, asked.seconds)
                    rates[kind].append(rate)
                    latencies += more
                else:
                    rates[kind].append(limits.measure(kind, asked.seconds))
                print(json.dumps({"round": number, kind: rates[kind][-1]}), file=sys.stderr, flush=True)
        limits.close()
    write("runtime_throughput", figures(workers, asked.seconds, rates, latencies))


def figures(
    workers: int, seconds: float, rates: Mapping[str, list[float]], latencies: list[float]
) -> dict[str, Any]:
    def ratio(above: str, below: str) -> dict[str, float]:
        return summary([a / b for a, b in zip(rates[above], rates[below], strict=True)])

    return {
        "workers": workers,
        "seconds_each": seconds,
        **{f"{kind}_pages_per_second": summary(rates[kind]) for kind in KINDS},
        "pipeline_to_calls": ratio("pipeline", "calls"),
        "served_to_pipeline": ratio("served", "pipeline"),
        "served_to_calls": ratio("served", "calls"),
        "served_latency_seconds": {
            "median": statistics.median(latencies),
            "p95": statistics.quantiles(latencies, n=20)[-1],
        },
    }


if __name__ == "__main__":
    main()
