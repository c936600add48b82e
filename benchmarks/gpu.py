"""The OCR pipeline served on a GPU: pages a second, latency and device use at 1, 16 and 64 callers.

    python -m benchmarks.gpu --seconds 15 --rounds 3        needs an NVIDIA GPU and onnxruntime-gpu

Rows differ in worker processes on the one device and in how many requests a worker takes together. All
servers are started and warm before the first round, and rounds go over the rows in turn, so that nothing but
the row differs. The corpus, the load generator and the error rate are those of the CPU's figures.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from benchmarks.rows import Meter, generate
from benchmarks.runtime_record import Served, write

MODEL = "builtin:ppocr-v4-mobile-onnx"
CALLERS = (1, 16, 64)
QUERY = ("nvidia-smi", "--format=csv,noheader,nounits")


@dataclass(frozen=True)
class Shape:
    """Worker processes on the device, and requests that one of them takes together."""

    workers: int
    together: int

    def __str__(self) -> str:
        return f"{self.workers} workers, {self.together} together"


class DeviceUse:
    """What nvidia-smi says in the block, twice a second."""

    def __enter__(self) -> DeviceUse:
        fields = "--query-gpu=utilization.gpu,memory.used,power.draw"
        self._asking = subprocess.Popen([*QUERY, fields, "-lms", "500"], stdout=subprocess.PIPE, text=True)
        self._rows: list[list[float]] = []
        self._reading = threading.Thread(target=self._read)
        self._reading.start()
        return self

    def _read(self) -> None:
        assert self._asking.stdout is not None
        for line in self._asking.stdout:
            self._rows.append([float(word) for word in line.split(",")])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._asking.terminate()
        self._asking.wait()
        self._reading.join()

    def figures(self) -> dict[str, float]:
        names = ("busy_percent", "memory_mib", "power_watts")
        return {name: statistics.fmean(row[at] for row in self._rows) for at, name in enumerate(names)}


def start(shape: Shape, memory_mib: int) -> Served:
    """A server of that shape on device 0."""
    more = ["--device", "GPU", "--device-memory-mib", str(memory_mib)]
    more += ["--queue-max-requests", "256", "--load-timeout-seconds", "500"]
    if shape.together > 1:
        more += ["--batch-max-size", str(shape.together), "--batch-max-delay-milliseconds", "5"]
    return Served(shape.workers, MODEL, *more)


def measure(shapes: list[Shape], seconds: float, rounds: int, memory_mib: int) -> dict[str, Any]:
    """Every row at every number of callers, round after round."""
    servers = {}
    for (
        shape
    ) in shapes:  # one after the other: the search for the fastest kernels wants the device for itself
        servers[shape] = start(shape, memory_mib)
        print(f"{shape}: all warm after {servers[shape].wait_all_warm():.1f} s", flush=True)
    found: dict[str, dict[str, list[dict[str, Any]]]] = {
        str(s): {str(c): [] for c in CALLERS} for s in shapes
    }
    try:
        for server in servers.values():
            generate({"ports": [server.port()], "callers": 16, "seconds": 5})
        for _ in range(rounds):
            for shape, server in servers.items():
                for callers in CALLERS:
                    done = one(server, callers, seconds)
                    found[str(shape)][str(callers)].append(done)
                    print(shape, callers, f"{done['pages_a_second']:.1f} pages/s", done["device"], flush=True)
    finally:
        for server in servers.values():
            server.__exit__(None, None, None)
    return {"rows": found, "seconds_each": seconds, "gpu": gpu()}


def one(server: Served, callers: int, seconds: float) -> dict[str, Any]:
    """One closed loop."""
    meter = Meter([server.process.pid])
    with DeviceUse() as use:
        got = generate({"ports": [server.port()], "callers": callers, "seconds": seconds})
    wall, cpu, _ = meter.passed()
    return {
        "pages_a_second": got["steady"]["answered_a_second"],
        "steady": got["steady"],
        "latency_seconds": got["latency_seconds"],
        "outcomes": got["outcomes"],
        "errors": got["errors"],
        "cpus_used": cpu / wall,
        "device": use.figures(),
    }


def gpu() -> str:
    """Name, driver and memory."""
    asked = [*QUERY, "--query-gpu=name,driver_version,memory.total"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory-mib", type=int, default=6000, help="pool of each program of a worker")
    parser.add_argument(
        "--shape", nargs=2, type=int, action="append", metavar=("WORKERS", "TOGETHER"), help="a row; again"
    )
    asked = parser.parse_args()
    shapes = [Shape(*each) for each in asked.shape or ((1, 1), (1, 8), (8, 1), (8, 4))]
    write("gpu", measure(shapes, asked.seconds, asked.rounds, asked.memory_mib))


if __name__ == "__main__":
    main()
