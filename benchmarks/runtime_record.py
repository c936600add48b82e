"""What the runtime's benchmarks share: a page, a server, and a result file with machine, versions, commit."""

from __future__ import annotations

import http.client
import io
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any

from PIL import Image, ImageDraw

from hack.commit import commit
from hack.demo.page import font

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "paddlepaddle",
    "onnxruntime",
    "onnxruntime-gpu",
    "numpy",
    "opencv-python-headless",
    "pillow",
    "starlette",
    "uvicorn",
    "uvloop",
)
# For a machine that has the sources and not their history.
COMMIT_ENV = "BENCHMARK_COMMIT"
MODEL = "builtin:ppocr-v4-mobile"
SERVE = (
    *(sys.executable, "-m", "paddle_runtime.main", "serve"),
    *("--host", "127.0.0.1", "--port", "0", "--grpc-port", "0", "--drain-quiet-seconds", "0"),
    *("--standby", "0"),  # the workers are measured, not who would take over from them
)
TEXT = ("发票号码一二三四五六", "上海市浦东新区世纪大道", "Invoice number 20260117 of this month")


def page(lines: int = 18, width: int = 1280, height: int = 960) -> bytes:
    """A dense page: 18 lines on 1280 x 960 pixels."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    step = (height - 60) // lines
    for row in range(lines):
        text = f"{TEXT[row % len(TEXT)]} {row + 1}"
        draw.text((60, 30 + row * step), text, fill="black", font=font(min(30, step - 14)))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


class Served:
    """`paddle-runtime serve` as a process; `started` is the time just before it was started."""

    def __init__(self, workers: int = 0, model: str = MODEL, *more: str) -> None:
        self.log = tempfile.NamedTemporaryFile(prefix="serve-", suffix=".log", delete=False)  # noqa: SIM115
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [*SERVE, "--model", model, "--workers", str(workers), *more],
            stdout=self.log,
            stderr=self.log,
        )

    def text(self) -> str:
        return Path(self.log.name).read_text(errors="replace")

    def port(self) -> int:
        while "listening on " not in self.text():
            self.check()
            time.sleep(0.005)
        return int(self.text().split("listening on http://127.0.0.1:")[1].split(",")[0])

    def check(self) -> None:
        if self.process.poll() is not None:
            raise SystemExit(f"the server ended with {self.process.returncode}:\n{self.text()}")

    def wait(self, path: str = "/v2/health/ready") -> float:
        """Seconds from the process's start until the path answers 200."""
        port = self.port()
        while True:
            self.check()
            caller = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            caller.request("GET", path)
            code = caller.getresponse().status
            caller.close()
            if code == 200:
                return time.monotonic() - self.started
            time.sleep(0.01)

    def wait_all_warm(self) -> float:
        """Seconds from the process's start until every worker is warm."""
        while True:
            metrics = self.metrics()
            if metrics["paddle_runtime_warm_workers"] == metrics["paddle_runtime_workers"]:
                return time.monotonic() - self.started
            time.sleep(0.02)

    def metrics(self) -> dict[str, float]:
        caller = http.client.HTTPConnection("127.0.0.1", self.port(), timeout=5)
        caller.request("GET", "/metrics")
        lines = caller.getresponse().read().decode().splitlines()
        caller.close()
        return {name: float(value) for name, _, value in (x.rpartition(" ") for x in lines if x[0] != "#")}

    def __enter__(self) -> Served:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        Path(self.log.name).unlink()


def recognise(
    caller: http.client.HTTPConnection, body: bytes, path: str = "/v1/ocr"
) -> tuple[float, dict[str, Any]]:
    """One request on an open connection: seconds and the answer."""
    began = time.perf_counter()
    caller.request("POST", path, body, {"Content-Type": "image/png"})
    response = caller.getresponse()
    data = response.read()
    seconds = time.perf_counter() - began
    if response.status != 200:
        raise SystemExit(f"the server answered {response.status}: {data[:500]!r}")
    return seconds, json.loads(data)


def summary(values: Sequence[float]) -> dict[str, float]:
    """Median and the two ends."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "n": len(values)}


# As it was when the benchmark began: a long one must not be told of what was committed meanwhile.
COMMIT = os.environ.get(COMMIT_ENV) or commit()


def installed(package: str) -> str | None:
    """Its version; a machine may serve without Paddle."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def machine() -> dict[str, Any]:
    """What it is done on, and what else that does at the end of it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "system": platform.platform(),
        "cpu": cpu[0] if cpu else "unknown",
        "cpus": len(os.sched_getaffinity(0)),
        "load_average_at_end": os.getloadavg(),
    }


def finished() -> str:
    """The moment, as results have it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def write(name: str, figures: dict[str, Any], versions: Mapping[str, str] | None = None) -> None:
    """benchmarks/results/NAME.json; versions: of what else took part."""
    result = {
        "benchmark": name,
        "commit": COMMIT,
        "finished": finished(),
        "machine": machine(),
        "versions": {
            "python": platform.python_version(),
            **{each: found for each in PACKAGES if (found := installed(each))},
            **(versions or {}),
        },
        "figures": figures,
    }
    file = ROOT / "benchmarks" / "results" / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(result["figures"], indent=2), f"-> {file.relative_to(ROOT)}", sep="\n")
