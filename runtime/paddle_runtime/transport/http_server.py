"""uvicorn under our own hand: our socket, our signals, our connections."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Generator

import uvicorn
from starlette.types import ASGIApp

from paddle_runtime.errors import Fault
from paddle_runtime.transport.http_connection import connection_class

# Longer than the idle time of the usual proxies: they close first and never meet a closing connection.
KEEP_ALIVE_SECONDS = 75
# Draining has been waited for before uvicorn is told to stop; this is for what is left.
CLOSING_SECONDS = 2
BACKLOG = 2048


class AddressFault(Fault):
    """The address cannot be listened on."""


class HttpServer(uvicorn.Server):
    """A uvicorn server that leaves signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Nothing: SIGTERM begins our drain, which knows more than uvicorn's."""
        yield

    def stop(self) -> None:
        """Close listeners and idle connections, wait for the others for CLOSING_SECONDS."""
        self.should_exit = True


def make_server(
    app: ASGIApp, *, header_seconds: float, max_header_bytes: int, answer_seconds: float
) -> HttpServer:
    """A server for the application; `serve(sockets=[...])` runs it. answer_seconds: to take an answer."""
    return HttpServer(
        uvicorn.Config(
            app,
            http=connection_class(header_seconds, max_header_bytes, answer_seconds),
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=CLOSING_SECONDS,
            backlog=BACKLOG,
        )
    )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, or AddressFault with what to do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise AddressFault(
            f"cannot listen on {host} port {port} ({error}); choose another with --port or --host"
        ) from None
    listener.setblocking(False)
    return listener
