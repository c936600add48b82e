"""A real server in a process of its own, and what tests ask of it."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

FAKES = Path(__file__).parent.parent / "fakes"
FAKE_SERVER = (sys.executable, str(FAKES / "server.py"))
MARK = b"\0fake-orders:"
PNG = {"Content-Type": "image/png"}


def picture(width: int = 8, height: int = 8, form: str = "PNG", padding: int = 0, **orders: Any) -> bytes:
    """A small picture; `orders` tell the fake model what to do with it (fakes/worker.py)."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(buffer, form)
    return buffer.getvalue() + bytes(padding) + (MARK + json.dumps(orders).encode() if orders else b"")


def wait_until(condition: Callable[[], Any], seconds: float = 20.0, what: str = "the condition") -> Any:
    """Look every 20 ms; the first true value, or an AssertionError."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come true in {seconds:g} s")


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


class RunningServer:
    """`with RunningServer(folder, workers=1) as server:`; settings are given by their names."""

    def __init__(
        self,
        folder: Path,
        command: tuple[str, ...] = FAKE_SERVER,
        *,
        environment: dict[str, str] | None = None,
        start: dict[str, Any] | None = None,
        wait: bool = True,
        **settings: Any,
    ) -> None:
        self.log_file = folder / "server.log"
        self.termination_file = folder / "termination.json"
        self.sla_file = folder / "sla.json"
        defaults = {
            "host": "127.0.0.1",
            "port": 0,
            "grpc_port": 0,
            "workers": 1,
            "standby": "0",
            "termination_log": self.termination_file,
            "sla_file": self.sla_file,
            "drain_quiet_seconds": 0.2,
        }
        chosen = {f"PADDLE_RUNTIME_{k.upper()}": str(v) for k, v in {**defaults, **settings}.items()}
        self.grpc_address = f"127.0.0.1:{settings.get('grpc_port', 0)}"
        self._environment = {
            **os.environ,
            **chosen,
            "FAKE_START": json.dumps(start or {}),
            **(environment or {}),
        }
        self._command = command
        self._wait = wait
        self._client: httpx.Client | None = None

    def __enter__(self) -> RunningServer:
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log, env=self._environment)
        try:
            if self._wait:
                self.wait_ready()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            self._client.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    @property
    def port(self) -> int:
        def found() -> re.Match[str] | None:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log}")
            return re.search(r"listening on http://\S+?:(\d+)", self.log)

        return int(wait_until(found, what="listening")[1])

    @property
    def client(self) -> httpx.Client:
        if self._client is None:
            limits = httpx.Limits(max_connections=100)
            self._client = httpx.Client(
                base_url=f"http://127.0.0.1:{self.port}", timeout=60, limits=limits, trust_env=False
            )
        return self._client

    def wait_ready(self, seconds: float = 150.0) -> None:
        def ready() -> bool:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log}")
            return self.get("/v2/health/ready").status_code == 200

        wait_until(ready, seconds, "ready")

    def wait_warm(self, count: int, seconds: float = 150.0) -> None:
        wait_until(lambda: self.metrics()["paddle_runtime_warm_workers"] == count, seconds, f"{count} warm")

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path)

    def ocr(self, body: bytes, headers: dict[str, str] | None = None, **query: str) -> httpx.Response:
        return self.client.post("/v1/ocr", content=body, headers={**PNG, **(headers or {})}, params=query)

    def metrics(self) -> dict[str, float]:
        """Samples by their text, for instance `paddle_runtime_refused_total{reason="queue_full"}`."""
        samples = {}
        for family in text_string_to_metric_families(self.get("/metrics").text):
            for sample in family.samples:
                labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
                samples[sample.name + (f"{{{labels}}}" if labels else "")] = sample.value
        return samples

    def requests(self, outcome: str, code: int) -> float:
        return self.metrics()[f'paddle_runtime_requests_total{{code="{code}",outcome="{outcome}"}}']

    def workers(self) -> list[int]:
        """Process ids of the workers."""
        text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(word) for word in text.split()]

    def terminate(self, seconds: float = 30.0) -> int:
        """SIGTERM and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def termination(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.termination_file.read_text())
        return document


class Steady:
    """Callers that send one request after another until the end of the block; each answer is one word."""

    def __init__(self, server: RunningServer, body: bytes, callers: int) -> None:
        self.answers: list[str] = []
        self._server = server
        self._body = body
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(callers)]
        server.client  # noqa: B018  made here, so that the threads share it

    def _send(self) -> None:
        while not self._stop.is_set():
            try:
                answer = self._server.ocr(self._body)
            except httpx.TransportError as error:
                self.answers.append(type(error).__name__)
            else:
                self.answers.append("good" if answer.status_code == 200 else answer.json()["reason"])

    def __enter__(self) -> Steady:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
