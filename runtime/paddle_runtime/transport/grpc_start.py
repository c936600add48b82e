"""Starting gRPC, whose library is loaded only where a port is given for it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Coroutine
from typing import Any

from paddle_runtime.settings import Settings
from paddle_runtime.transport.front import Front
from paddle_runtime.transport.http_app import Description

log = logging.getLogger(__name__)
Stop = Callable[[float], Coroutine[Any, Any, None]]


async def start_grpc(
    front: Front, description: Description, settings: Settings, room: Callable[[], float]
) -> Stop:
    """Listen for gRPC too, where a port is given; how to stop it, with the seconds to wait for calls.

    room: bytes that answers may hold now.
    """
    if not settings.grpc_port:
        return _nothing_to_stop
    # Workers are started as programs of their own, which needs nothing of gRPC's care for forks.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    # Its C part writes past all loggers, a line for each header that a caller gets wrong.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from paddle_runtime.transport.grpc_server import GrpcServer  # noqa: PLC0415  20 MB, where it is used

    server = GrpcServer(
        front,
        description,
        reading=max(1, settings.max_held_bytes // settings.max_body_bytes),
        room=room,
        max_message_bytes=settings.max_body_bytes,
        hello_seconds=settings.header_timeout_seconds,
    )
    await server.start(settings.host, settings.grpc_port)
    log.info("listening for gRPC on %s:%d", settings.host, settings.grpc_port)
    return server.stop


async def _nothing_to_stop(_grace_seconds: float) -> None:
    """Where there is no gRPC."""
