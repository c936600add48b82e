"""A real Prometheus and a real Alertmanager of Debian's as processes, and somebody who is told."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import yaml

from hack.cluster import packages
from hack.cluster.progress import Progress
from tests.runtime.serving.testbed import free_port, wait_until

PACKAGES = ("prometheus", "prometheus-alertmanager")


def install() -> None:
    """Install both where they are missing; root is needed once."""
    packages.ensure(PACKAGES, Progress())


class Receiver:
    """An HTTP server that remembers every alert it is told of."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                told.extend(body["alerts"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Receiver:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def of(self, status: str, **labels: str) -> list[dict[str, Any]]:
        """Every time that an alert with these labels was told with this status."""
        return [
            one for one in self.told if one["status"] == status and labels.items() <= one["labels"].items()
        ]


@contextmanager
def alertmanager(folder: Path, team: str, receiver: Receiver) -> Iterator[str]:
    """Run an Alertmanager that sends what is for this team to the receiver, and nothing else to anybody."""
    route = {
        "receiver": "nobody",
        "group_by": ["..."],
        "group_wait": "1s",
        "group_interval": "1s",
        "routes": [{"matchers": [f'team="{team}"'], "receiver": team}],
    }
    hook = {"url": receiver.url, "send_resolved": True}
    receivers = [{"name": "nobody"}, {"name": team, "webhook_configs": [hook]}]
    file = folder / "alertmanager.yml"
    file.write_text(yaml.safe_dump({"route": route, "receivers": receivers}), encoding="utf-8")
    port = free_port()
    command = [
        "prometheus-alertmanager",
        f"--config.file={file}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with _running(command, folder / "alertmanager.log", f"http://127.0.0.1:{port}") as url:
        yield url


@contextmanager
def prometheus(folder: Path, rules: str, pods: Sequence[dict[str, Any]], manager: str) -> Iterator[str]:
    """Run a Prometheus with this rule file, which scrapes these targets each second."""
    (folder / "rules.yaml").write_text(rules, encoding="utf-8")
    target = manager.removeprefix("http://")
    configuration = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "rule_files": [str(folder / "rules.yaml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [target]}]}]},
        "scrape_configs": [{"job_name": "pods", "static_configs": list(pods)}],
    }
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(configuration), encoding="utf-8")
    port = free_port()
    command = [
        "prometheus",
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with _running(command, folder / "prometheus.log", f"http://127.0.0.1:{port}") as url:
        yield url


@contextmanager
def _running(command: Sequence[str], log: Path, url: str) -> Iterator[str]:
    def ready() -> bool:
        assert process.poll() is None, log.read_text(errors="replace")
        try:
            return httpx.get(f"{url}/-/ready", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    with log.open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT)
    try:
        wait_until(ready, 60, f"{command[0]} ready")
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)
