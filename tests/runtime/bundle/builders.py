"""Small bundles and stores for the tests."""

from __future__ import annotations

import hashlib
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from paddle_runtime.bundle.make import write_manifest
from paddle_runtime.bundle.manifest import Manifest, parse_manifest
from paddle_runtime.bundle.store import Bundle, open_bundle

# Not a model: blocks with one operator each, and of the weights only the first bytes, of a float tensor of
# 64,000 numbers.
BLOCK = b"\x0a\x0e\x22\x0c\x1a\x0alogical_or"
WEIGHTS = struct.pack("<IQIi", 0, 0, 0, 6) + b"\x08\x05\x10\x80\xf4\x03"
FILES = {
    "model.pdmodel": BLOCK * 250,
    "model.pdiparams": (WEIGHTS + bytes(range(256)) * 1000)[:256_000],
}


# Ten to the eleventh values in a few hundred bytes of YAML; the last list is *l11.
ENDLESS = "[&l0 [a], " + ", ".join(f"&l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 12)) + "]"


def description(**changes: object) -> dict[str, Any]:
    """model.yaml of a Tensor bundle without its files."""
    module = {
        "program": "model.pdmodel",
        "params": "model.pdiparams",
        "engine": "Plain",
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}],
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}],
        "buckets": [[1, 4], [8, 4]],
    }
    start = {"name": "small", "version": "1.0", "task": "Tensor", "paddleVersion": "3.2.2"}
    return {**start, "modules": {"model": module}, **changes}


def entry(data: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


def tensor_manifest() -> Manifest:
    files = {name: entry(data) for name, data in FILES.items()}
    return parse_manifest(yaml.safe_dump(description(files=files)).encode())


def small_bundle(folder: Path) -> Bundle:
    folder.mkdir(parents=True)
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    write_manifest(folder, description())
    return open_bundle(folder)


def written(place: Path, data: bytes | str) -> Path:
    place.write_bytes(data if isinstance(data, bytes) else data.encode())
    return place


def message(number: int, content: bytes) -> bytes:
    """One field of a protobuf message, of a number below 16."""
    told, length = bytearray([number << 3 | 2]), len(content)
    while length >= 128:
        told.append(length % 128 + 128)
        length //= 128
    return bytes([*told, length]) + content


Answer = Callable[[BaseHTTPRequestHandler, str], bool]


def break_off(handler: BaseHTTPRequestHandler, data: bytes, after: int = 100_000) -> bool:
    """Promise the whole and close the connection in the middle."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data[:after])
    handler.close_connection = True
    return True


@dataclass
class Store:
    """A web server over a folder, whose answers a test may replace; it writes down what was asked."""

    url: str
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    answer: Answer | None = None


@contextmanager
def serving(folder: Path) -> Iterator[Store]:
    """GET with ranges below /, as an S3 store or a web server gives them."""
    store = Store("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            store.requests.append((self.path, wanted))
            if store.answer is not None and store.answer(self, self.path):
                return
            path = folder / self.path.lstrip("/")
            if not path.is_file():
                reply(self, 404, b"<Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>")
                return
            data = path.read_bytes()
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            extra = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if wanted else {}
            reply(self, 206 if wanted else 200, data[start:], extra)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that goes away in the middle is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    store.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield store
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def reply(
    handler: BaseHTTPRequestHandler, status: int, data: bytes, headers: dict[str, str] | None = None
) -> None:
    handler.send_response(status)
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)
