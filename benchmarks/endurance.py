"""Memory over pictures of every size, probes at full load, time to ready, one line's time, the bundle's size.

    python -m benchmarks.endurance --minutes 2           a look
    python -m benchmarks.endurance --minutes 45          for published figures: slope over the last 30
    python -m benchmarks.endurance --minutes 45 --memory on a machine that is not quiet: memory alone

Callers send the whole corpus, shuffled, as fast as they are answered, while a probe asks for liveness every
50 ms and the workers' memory is noted every second.
"""

from __future__ import annotations

import argparse
import http.client
import io
import statistics
import threading
import time
from typing import Any

from PIL import Image

from benchmarks.corpus import Picture, corpus
from benchmarks.load_figures import spread
from benchmarks.processes import proportional_bytes, resident_bytes, tree
from benchmarks.rows import CALLERS_PER_CPU, CPUS, generate
from benchmarks.runtime_record import MODEL, Served, recognise, summary, write
from paddle_runtime.bundle.store import builtin_path

PROBE_SECONDS = 0.05
WARM_SHARE = 1 / 3
LINE = (320, 48)
LINE_REQUESTS = 60


def measure(minutes: float) -> dict[str, Any]:
    """One server, from its start on."""
    with Served(CPUS) as server:
        ready = server.wait()
        server.wait_all_warm()
        port, front = server.port(), server.process.pid
        line = line_seconds(port)
        with Sampling(port, front) as sampling:
            load = generate({"ports": [port], "callers": CALLERS_PER_CPU * CPUS, "seconds": minutes * 60})
        return {
            "minutes": minutes,
            "ready_seconds": ready,
            "line_48x320_seconds": line,
            "probe_seconds": spread(sampling.probes),
            "failed_probes": sampling.failed,
            "memory": [
                memory(sampling.times, resident) | {"most_proportional_mib": max(proportional) / 2**20}
                for resident, proportional in zip(
                    zip(*sampling.resident, strict=True),
                    zip(*sampling.proportional, strict=True),
                    strict=True,
                )
            ],
            "answered": load["outcomes"],
            "answered_a_second": load["answered_a_second"],
            "bundle_bytes": bundle_bytes(),
        }


class Sampling:
    """Probes and memory while something else is done."""

    def __init__(self, port: int, front: int) -> None:
        self.port = port
        self.workers = sorted(pid for pid in tree([front]) - {front} if resident_bytes([pid]) > 100 * 2**20)
        self.probes: list[float] = []
        self.failed = 0
        self.times: list[float] = []
        self.resident: list[list[int]] = []
        self.proportional: list[list[int]] = []
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self._probe), threading.Thread(target=self._note)]

    def __enter__(self) -> Sampling:
        for each in self.threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        for each in self.threads:
            each.join()

    def _probe(self) -> None:
        """As a kubelet does: a new connection each time."""
        while not self.ended.wait(PROBE_SECONDS):
            began = time.perf_counter()
            caller = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                caller.request("GET", "/v2/health/live")
                self.failed += caller.getresponse().status != 200
            except OSError:
                self.failed += 1
            finally:
                caller.close()
            self.probes.append(time.perf_counter() - began)

    def _note(self) -> None:
        began = time.monotonic()
        while not self.ended.wait(1.0):
            self.times.append(time.monotonic() - began)
            self.resident.append([resident_bytes([pid]) for pid in self.workers])
            self.proportional.append([proportional_bytes(pid) for pid in self.workers])


def memory(times: list[float], resident: tuple[int, ...]) -> dict[str, float]:
    """One worker's memory after the warm-up: most, and how fast it grows."""
    pairs = [(t / 60, b / 2**20) for t, b in zip(times, resident, strict=True) if t >= WARM_SHARE * times[-1]]
    slope = statistics.linear_regression(*zip(*pairs, strict=True)).slope
    minutes = pairs[-1][0] - pairs[0][0]
    return {"most_mib": max(resident) / 2**20, "slope_mib_a_minute": slope, "minutes": minutes}


def line_seconds(port: int) -> dict[str, float]:
    """A line of 48 x 320 pixels from request to answer, nobody else there."""
    body = line_png(next(each for each in corpus() if each.stratum == "lines"))
    caller = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    seconds = [recognise(caller, body, "/v1/ocr/recognise")[0] for _ in range(LINE_REQUESTS)]
    caller.close()
    return summary(seconds[10:])


def line_png(picture: Picture) -> bytes:
    buffer = io.BytesIO()
    Image.open(io.BytesIO(picture.body)).convert("RGB").resize(LINE).save(buffer, "PNG")
    return buffer.getvalue()


def bundle_bytes() -> dict[str, int]:
    """The whole bundle, and its programs alone."""
    folder = builtin_path(MODEL.partition(":")[2])
    files = [path for path in folder.rglob("*") if path.is_file()]
    programs = [path for path in files if path.suffix in (".pdmodel", ".pdiparams", ".json", ".onnx")]
    return {
        "all": sum(path.stat().st_size for path in files),
        "programs": sum(path.stat().st_size for path in programs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=45.0)
    parser.add_argument("--memory", action="store_true", help="memory alone, into another file")
    asked = parser.parse_args()
    figures = measure(asked.minutes)
    if asked.memory:
        write("memory", {name: figures[name] for name in ("minutes", "memory", "answered")})
    else:
        write("endurance", figures)


if __name__ == "__main__":
    main()
