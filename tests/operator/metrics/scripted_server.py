"""A small HTTP server that answers as a test tells it to, and keeps what it was asked."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Answer:
    """One answer; `slowly` is the pause after each byte of the body."""

    body: bytes
    code: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    before: float = 0.0
    slowly: float = 0.0


@dataclass
class Server:
    """What to answer, one after the other; the last one again and again."""

    url: str
    answers: list[Answer] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    """For each request its parameters, with its path and its Authorization header."""
    by: Callable[[dict[str, str]], Answer] | None = None
    """Answers by what is asked, instead."""

    def answer(self, asked: dict[str, str]) -> Answer:
        self.asked.append(asked)
        return self.by(asked) if self.by else self._next()

    def _next(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def matrix(*rows: tuple[dict[str, str], list[tuple[float, str]]]) -> Answer:
    return _of("matrix", [{"metric": labels, "values": values} for labels, values in rows])


def vector(*rows: tuple[dict[str, str], tuple[float, str]]) -> Answer:
    return _of("vector", [{"metric": labels, "value": value} for labels, value in rows])


def error(code: int, kind: str, text: str) -> Answer:
    return Answer(json.dumps({"status": "error", "errorType": kind, "error": text}).encode(), code)


def _of(kind: str, result: Any) -> Answer:
    return Answer(json.dumps({"status": "success", "data": {"resultType": kind, "result": result}}).encode())


@contextmanager
def serving(*answers: Answer, certificate: Path | None = None) -> Iterator[Server]:
    """Serve on a free port of this machine, by TLS where there is a file with key and certificate."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(address.query).items()}
            authorization = self.headers.get("Authorization", "")
            self._answer(server.answer({**asked, "path": address.path, "authorization": authorization}))

        def _answer(self, answer: Answer) -> None:
            time.sleep(answer.before)
            try:
                self.send_response(answer.code)
                self.send_header("Content-Type", answer.content_type)
                self.send_header("Content-Length", str(len(answer.body)))
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                for byte in answer.body if answer.slowly else ():
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(answer.slowly)
                if not answer.slowly:
                    self.wfile.write(answer.body)
            except OSError:  # who asked has left
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        listening.socket = context.wrap_socket(listening.socket, server_side=True)
    scheme = "https" if certificate else "http"
    server = Server(f"{scheme}://127.0.0.1:{listening.server_port}", list(answers))
    thread = threading.Thread(target=listening.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
