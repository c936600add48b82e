"""The program of `helm test`, against servers that answer as a model service would, or do not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any

import pytest
from charts.rendering import OPERATOR


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = spec_from_file_location("recognise", OPERATOR / "files" / "recognise.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ASK_EVERY_SECONDS", 0.01)
    monkeypatch.setenv("TEST_TIMEOUT_SECONDS", "5")
    return module


@contextmanager
def a_service(*answers: tuple[int, list[str]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server that gives these answers in turn, the last one for ever; what it was sent is kept."""
    received: list[dict[str, Any]] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, lines = answers[min(len(received), len(answers) - 1)]
            received.append({"path": self.path, "headers": dict(self.headers), "body": body})
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps({"lines": [{"text": text} for text in lines]}).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", received
        finally:
            server.shutdown()
            thread.join()


RIGHT = (200, ["PADDLE SLA 2026", "服务等级协议"])


def run(program: ModuleType, monkeypatch: pytest.MonkeyPatch, url: str) -> int:
    monkeypatch.setenv("TEST_URL", url)
    monkeypatch.setenv("TEST_HOST", "ocr.example.com")
    status: int = program.main()
    return status


def test_the_picture_is_sent_as_synthetic_and_the_right_text_passes(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_service(RIGHT) as (url, received):
        assert run(program, monkeypatch, url + "/") == 0
    assert received[0]["path"] == "/v1/ocr"
    assert received[0]["body"].startswith(b"\x89PNG")
    assert received[0]["headers"]["Host"] == "ocr.example.com"
    assert received[0]["headers"]["X-Paddle-Synthetic"] == "true"


def test_a_service_that_is_not_ready_yet_is_asked_again(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_service((503, []), (503, []), RIGHT) as (url, received):
        assert run(program, monkeypatch, url) == 0
    assert len(received) == 3


def test_another_text_fails_and_is_shown(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with a_service((200, ["PADDLE SLO 2026"])) as (url, _):
        assert run(program, monkeypatch, url) == 1
    assert "PADDLESLO2026" in capsys.readouterr().out


def test_a_service_that_never_answers_fails_in_time(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TEST_TIMEOUT_SECONDS", "0.1")
    with a_service((503, [])) as (url, _):
        assert run(program, monkeypatch, url) == 1
    assert "503" in capsys.readouterr().out
