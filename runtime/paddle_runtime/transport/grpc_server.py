"""The gRPC server: the Open Inference Protocol's service on a port of its own, in the same event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from google.protobuf.message import Message

from paddle_runtime.errors import Invalid
from paddle_runtime.protocol import open_inference_pb2 as messages
from paddle_runtime.transport.front import Front
from paddle_runtime.transport.grpc_models import ModelInfer
from paddle_runtime.transport.http_app import SERVER_NAME, Description
from paddle_runtime.transport.http_server import AddressFault

SERVICE = "inference.GRPCInferenceService"
GZIP_AND_DEFLATE_OFF = 1  # a bit for each algorithm that is accepted; the first is to send as it is
MINUTE_MS = 60_000
MAX_STREAMS_A_CONNECTION = 128
# Beyond it gRPC itself refuses, before a request is seen here: against floods alone, the queue is shorter.
MAX_CALLS = 4096
# A caller's one connection stays with one pod for ever, so it is closed, in peace, from time to time.
CONNECTION_AGE_MS = 10 * MINUTE_MS


def options(max_message_bytes: int) -> list[tuple[str, int]]:
    """What gRPC is told: bounds, as the HTTP server has them."""
    return [
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.max_concurrent_streams", MAX_STREAMS_A_CONNECTION),
        ("grpc.compression_enabled_algorithms_bitset", GZIP_AND_DEFLATE_OFF),
        ("grpc.max_connection_idle_ms", 5 * MINUTE_MS),
        ("grpc.max_connection_age_ms", CONNECTION_AGE_MS),
        ("grpc.max_connection_age_grace_ms", MINUTE_MS),
        ("grpc.keepalive_time_ms", MINUTE_MS),
        ("grpc.keepalive_timeout_ms", MINUTE_MS // 3),
        ("grpc.so_reuseport", 0),  # two servers on one port are a mistake
    ]


class GrpcServer:
    """Made and used inside the running event loop."""

    def __init__(
        self, front: Front, description: Description, *, reading: int, max_message_bytes: int
    ) -> None:
        self._front = front
        self._description = description
        self._server = grpc.aio.server(options=options(max_message_bytes), maximum_concurrent_rpcs=MAX_CALLS)
        infer: grpc.RpcMethodHandler[Any, Any] = grpc.stream_unary_rpc_method_handler(
            ModelInfer(front, reading=reading).__call__
        )
        methods = {
            "ServerLive": self._method(self._live, messages.ServerLiveRequest),
            "ServerReady": self._method(self._ready, messages.ServerReadyRequest),
            "ModelReady": self._method(self._model_ready, messages.ModelReadyRequest),
            "ServerMetadata": self._method(self._metadata, messages.ServerMetadataRequest),
            "ModelMetadata": self._method(self._model_metadata, messages.ModelMetadataRequest),
            "ModelInfer": infer,
        }
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))

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

    @staticmethod
    def _method(
        answer: Callable[[Any, grpc.aio.ServicerContext[Any, Any]], Awaitable[Message]],
        request: type[Message],
    ) -> grpc.RpcMethodHandler[Any, Any]:
        return grpc.unary_unary_rpc_method_handler(
            answer,
            request_deserializer=request.FromString,
            response_serializer=lambda message: message.SerializeToString(),
        )

    async def _live(self, _request: Message, _context: object) -> Message:
        return messages.ServerLiveResponse(live=self._description.alive())

    async def _ready(self, _request: Message, _context: object) -> Message:
        return messages.ServerReadyResponse(ready=self._front.health.ready)

    async def _model_ready(
        self, request: messages.ModelReadyRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> Message:
        await self._check(request.name, request.version, context)
        return messages.ModelReadyResponse(ready=self._front.health.ready)

    async def _metadata(self, _request: Message, _context: object) -> Message:
        return messages.ServerMetadataResponse(name=SERVER_NAME, version=self._description.version)

    async def _model_metadata(
        self, request: messages.ModelMetadataRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> Message:
        await self._check(request.name, request.version, context)
        return messages.ModelMetadataResponse(**self._description.model)

    async def _check(self, name: str, version: str, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        try:
            self._front.service.check_model(name, version)
        except Invalid as fault:
            await context.abort(grpc.StatusCode.NOT_FOUND, str(fault))
