"""A store that answers with whatever bytes a test wants: no library would send them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

# script(connection, request's header) sends; its end closes the connection.
Script = Callable[[socket.socket, bytes], None]


@dataclass
class RawStore:
    url: str = ""
    requests: list[bytes] = field(default_factory=list)


@contextmanager
def answering(script: Script) -> Iterator[RawStore]:
    listener = socket.create_server(("127.0.0.1", 0))
    store = RawStore(f"http://127.0.0.1:{listener.getsockname()[1]}")
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            header = b""
            while b"\r\n\r\n" not in header:
                if not (more := connection.recv(65536)):
                    return
                header += more
            store.requests.append(header)
            script(connection, header)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield store
    finally:
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def dripping(start: bytes, piece: bytes, pause: float = 0.05) -> Script:
    """Begin an answer and never end it."""

    def script(connection: socket.socket, header: bytes) -> None:
        stop = threading.Event()
        connection.sendall(start)
        for _ in range(1200):
            connection.sendall(piece)
            stop.wait(pause)

    return script


def sending(data: bytes) -> Script:
    return lambda connection, header: connection.sendall(data)
