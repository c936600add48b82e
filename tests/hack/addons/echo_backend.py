"""A small HTTP backend for tests of the gateway: runs in a pod, in the base image.

FAULT=reset makes it read every POST to its end and then break the connection without an answer, as a server
that dies in the middle of its work does.
"""

import hashlib
import json
import os
import socket
import struct
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAME = os.environ["HOSTNAME"]
FAULT = os.environ.get("FAULT", "")
COUNTS = {"answered": 0, "broken": 0, "broken_bytes": 0}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/metrics":
            lines = [f"echo_{name}_total {value}" for name, value in COUNTS.items()]
            self.answer("text/plain; version=0.0.4", "\n".join(lines) + "\n")
        else:
            self.answer("application/json", json.dumps({"pod": NAME, **COUNTS}))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if FAULT == "reset":
            COUNTS["broken"] += 1
            COUNTS["broken_bytes"] += len(body)
            # With a linger time of zero, close() sends a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        COUNTS["answered"] += 1
        digest = hashlib.sha256(body).hexdigest()
        self.answer("application/json", json.dumps({"pod": NAME, "bytes": len(body), "sha256": digest}))

    def answer(self, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


ThreadingHTTPServer(("", 8080), Handler).serve_forever()
