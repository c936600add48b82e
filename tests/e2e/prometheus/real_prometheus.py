"""A real Prometheus of Debian's, with a past that a test wrote: samples as OpenMetrics, made into blocks."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from hack.cluster import packages
from hack.cluster.progress import Progress

READY_SECONDS = 30


def install() -> None:
    """Install Prometheus where it is missing; root is needed once."""
    packages.ensure(("prometheus",), Progress())


def openmetrics(series: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Write series, each as name{labels}, with samples of seconds since 1970 and value."""
    lines = [f"{name} {value} {at:.3f}" for name, samples in series.items() for at, value in samples]
    return "\n".join([*lines, "# EOF", ""])


@contextmanager
def prometheus_with(folder: Path, past: str) -> Iterator[str]:
    """Run a Prometheus that knows this past; gives its address."""
    source, blocks = folder / "past.txt", folder / "blocks"
    source.write_text(past, encoding="utf-8")
    make = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(source), str(blocks)]
    done = subprocess.run(make, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with running(folder, blocks, free_port(), "{}\n") as url:
        yield url


@contextmanager
def running(folder: Path, storage: Path, port: int, configuration: str) -> Iterator[str]:
    """Run a Prometheus on a port of this machine; gives its address."""
    (folder / "prometheus.yml").write_text(configuration, encoding="utf-8")
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={storage}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--storage.tsdb.retention.time=50y",
        "--log.level=error",
    ]
    url = f"http://127.0.0.1:{port}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(f"{url}/-/ready", folder / "log")
            yield url
        finally:
            process.terminate()
            process.wait(timeout=30)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(url: str, log: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"Prometheus did not become ready: {log.read_text(errors='replace')[-2000:]}")
