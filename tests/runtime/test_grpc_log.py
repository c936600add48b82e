"""What gRPC logs of itself: mistakes, and no caller that merely left."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import grpc
import pytest

from paddle_runtime.transport.grpc_server import GrpcServer

LOG = logging.getLogger("grpc._cython.cygrpc")
LEFT = 'Failed "execute_batch": (<grpc._cython.cygrpc.SendStatusFromServerOperation object at 0x7f>,)'
MISUSED = "Failed grpc_call_start_batch: 8 with grpc_call_error value: 'GRPC_CALL_ERROR_TOO_MANY_OPERATIONS'"


async def _serving() -> None:
    unused: Any = None
    server = GrpcServer(
        unused, unused, reading=1, room=lambda: 0.0, max_message_bytes=1024, hello_seconds=1.0
    )
    await server.stop(0)


@pytest.mark.parametrize(
    ("error", "logged"),
    [
        (grpc.aio.InternalError(LEFT), False),
        (grpc.aio.InternalError(MISUSED), True),
        (ValueError(LEFT), True),
    ],
)
def test_a_caller_that_left_while_it_was_answered_leaves_no_stack_in_the_log(
    error: Exception, logged: bool, caplog: pytest.LogCaptureFixture
) -> None:
    asyncio.run(_serving())
    try:
        raise error
    except Exception:
        LOG.exception("ExecuteBatchError raised in core by servicer method [/inference/ModelInfer]")
    LOG.error("and without an exception")
    assert len(caplog.records) == 1 + logged
