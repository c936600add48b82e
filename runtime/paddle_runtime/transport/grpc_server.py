"""The gRPC server: the Open Inference Protocol's service on a port of its own, in the same event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar

import grpc
from google.protobuf.message import DecodeError, Message

from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.protocol import open_inference_pb2 as messages
from paddle_runtime.protocol.v2_grpc import MAX_SMALL_BYTES
from paddle_runtime.transport import codes
from paddle_runtime.transport.front import Front, count_astray
from paddle_runtime.transport.grpc_models import GRACE_SECONDS, ModelInfer, text_metadata
from paddle_runtime.transport.http_app import SERVER_NAME, Description
from paddle_runtime.transport.http_server import AddressFault
from paddle_runtime.transport.places import Places

SERVICE = "inference.GRPCInferenceService"
GZIP_AND_DEFLATE_OFF = 1  # a bit for each algorithm that is accepted; the first is to send as it is
MINUTE_MS = 60_000
MAX_STREAMS_A_CONNECTION = 128
# Beyond it gRPC itself refuses, before a request is seen here: against floods alone, the queue is shorter.
MAX_CALLS = 4096
# A caller's one connection stays with one pod for ever, so it is closed, in peace, from time to time.
CONNECTION_AGE_MS = 10 * MINUTE_MS


# How many of the small messages may be on their way in at one time: each may say that it is a large one.
SMALL_READING = 4
# What a handler is given of a call, and what it answers; its messages are bytes.
Context = grpc.aio.ServicerContext[bytes, bytes]
Answer = Callable[[Context], Awaitable[Message]]
Asked = TypeVar("Asked", messages.ModelReadyRequest, messages.ModelMetadataRequest)


def options(max_message_bytes: int, hello_seconds: float) -> list[tuple[str, int]]:
    """What gRPC is told: bounds, as the HTTP server has them. hello_seconds: for a caller to speak HTTP/2."""
    return [
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.max_concurrent_streams", MAX_STREAMS_A_CONNECTION),
        # Else gRPC takes in megabytes of each message that nobody asked for yet, where a connection is fast.
        ("grpc.http2.bdp_probe", 0),
        ("grpc.compression_enabled_algorithms_bitset", GZIP_AND_DEFLATE_OFF),
        ("grpc.server_handshake_timeout_ms", max(1, round(hello_seconds * 1000))),
        ("grpc.max_connection_idle_ms", 5 * MINUTE_MS),
        ("grpc.max_connection_age_ms", CONNECTION_AGE_MS),
        ("grpc.max_connection_age_grace_ms", MINUTE_MS),
        ("grpc.keepalive_time_ms", MINUTE_MS),
        ("grpc.keepalive_timeout_ms", MINUTE_MS // 3),
        ("grpc.so_reuseport", 0),  # two servers on one port are a mistake
    ]


def _is_no_lost_caller(record: logging.LogRecord) -> bool:
    """gRPC logs a stack for each caller whose connection ends while its answer is written.

    Its other internal errors, which are mistakes of ours or its own, stay in the log.
    """
    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, grpc.aio.InternalError) and str(error).startswith('Failed "execute_batch"'))


class GrpcServer:
    """Made and used inside the running event loop.

    Every procedure is registered as a stream, which on the wire is the same, so that no message is read that
    nobody asked for: gRPC would take in one of the largest size for each call that is open.
    """

    def __init__(
        self,
        front: Front,
        description: Description,
        *,
        reading: int,
        room: Callable[[], float],
        max_message_bytes: int,
        hello_seconds: float,
    ) -> None:
        self._front = front
        self._description = description
        self._hello_seconds = hello_seconds
        self._places = Places(SMALL_READING, grace_seconds=GRACE_SECONDS)
        logging.getLogger("grpc._cython.cygrpc").addFilter(_is_no_lost_caller)
        self._server = grpc.aio.server(
            options=options(max_message_bytes, hello_seconds), maximum_concurrent_rpcs=MAX_CALLS
        )
        infer: grpc.RpcMethodHandler[Any, Any] = grpc.stream_stream_rpc_method_handler(
            ModelInfer(front, reading=reading, room=room).__call__
        )
        methods = {
            "ServerLive": _method(self._live),
            "ServerReady": _method(self._ready),
            "ModelReady": _method(self._model_ready),
            "ServerMetadata": _method(self._metadata),
            "ModelMetadata": _method(self._model_metadata),
            "ModelInfer": infer,
        }
        known = grpc.method_handlers_generic_handler(SERVICE, methods)
        self._server.add_generic_rpc_handlers((known, Astray(front, tuple(methods))))

    async def start(self, host: str, port: int) -> None:
        """Listen, or AddressFault."""
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise AddressFault(
                f"cannot listen on {host} port {port} for gRPC ({error}); choose another with --grpc-port, "
                "or 0 for none"
            ) from None
        await self._server.start()

    async def stop(self, grace_seconds: float) -> None:
        """Take no new calls, tell callers to go elsewhere, and wait for those under way."""
        await self._server.stop(grace_seconds)

    # What is asked of the server alone has nothing to say that would have to be read.

    async def _live(self, _context: Context) -> Message:
        return messages.ServerLiveResponse(live=self._description.alive())

    async def _ready(self, _context: Context) -> Message:
        return messages.ServerReadyResponse(ready=self._front.health.ready)

    async def _metadata(self, _context: Context) -> Message:
        return messages.ServerMetadataResponse(name=SERVER_NAME, version=self._description.version)

    async def _model_ready(self, context: Context) -> Message:
        request = await self._asked(context, messages.ModelReadyRequest())
        await self._check(request.name, request.version, context)
        return messages.ModelReadyResponse(ready=self._front.health.ready)

    async def _model_metadata(self, context: Context) -> Message:
        request = await self._asked(context, messages.ModelMetadataRequest())
        await self._check(request.name, request.version, context)
        return messages.ModelMetadataResponse(**self._description.model)

    async def _asked(self, context: Context, into: Asked) -> Asked:
        """The one message of a call about a model."""
        if (fault := await self._read(context, into)) is not None:
            await context.abort(*fault)
        return into

    async def _read(self, context: Context, into: Message) -> tuple[grpc.StatusCode, str] | None:
        """The status of a message that cannot be had; gRPC keeps the frame that tells it for long."""
        try:
            async with asyncio.timeout(self._hello_seconds) as limit, self._places.place(limit):
                data = await context.read()
            if isinstance(data, bytes) and len(data) > MAX_SMALL_BYTES:
                words = (
                    f"the message has {len(data)} bytes; a name and a version have {MAX_SMALL_BYTES} at most"
                )
                return grpc.StatusCode.INVALID_ARGUMENT, words
            into.ParseFromString(data if isinstance(data, bytes) else b"")
        except TimeoutError:
            words = "the message did not come in time; send it faster"
            return grpc.StatusCode.DEADLINE_EXCEEDED, words
        except DecodeError as error:
            words = f"the message is no {into.DESCRIPTOR.name}: {str(error)[:80]}"
            return grpc.StatusCode.INVALID_ARGUMENT, words
        return None

    async def _check(self, name: str, version: str, context: Context) -> None:
        try:
            self._front.service.check_model(name, version)
        except Invalid as fault:
            await _turn_away(self._front, context, fault)


class Astray(grpc.GenericRpcHandler):
    """Every procedure that is not there: counted as such addresses of HTTP are, and told which ones are."""

    def __init__(self, front: Front, known: Sequence[str]) -> None:
        self._front = front
        self._known = ", ".join(known)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any]:
        """A stream, so that nothing of what is sent is read."""
        fault = Invalid(
            RequestReason.WRONG_METHOD,
            f"no procedure {handler_call_details.method[:80]!r}; {SERVICE} has {self._known}",
        )

        async def called(_messages: AsyncIterator[bytes], context: Context) -> None:
            await _turn_away(self._front, context, fault)

        return grpc.stream_stream_rpc_method_handler(called)


async def _turn_away(front: Front, context: Context, fault: Invalid) -> None:
    """Count a call that came to no endpoint of a model, and end it."""
    count_astray(front, text_metadata(context), fault, protocol="grpc")
    await context.abort(grpc.StatusCode[codes.GRPC_CODES[fault.reason]], str(fault))


def _method(answer: Answer) -> grpc.RpcMethodHandler[Any, Any]:
    async def called(_messages: AsyncIterator[bytes], context: Context) -> bytes:
        return (await answer(context)).SerializeToString()

    return grpc.stream_unary_rpc_method_handler(called)
