"""The gRPC server around a fake model: bounds, deadlines, statuses, counting, draining."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest

from paddle_runtime.protocol.open_inference_pb2 import (
    ModelInferRequest,
    ModelInferResponse,
    ModelReadyRequest,
)
from tests.runtime.serving.testbed import RunningServer, free_port, picture, wait_until

INFER = "/inference.GRPCInferenceService/ModelInfer"
CAP = 200_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("server")
    with RunningServer(
        folder, grpc_port=free_port(), max_body_bytes=CAP, queue_max_requests=1, body_timeout_seconds=2
    ) as running:
        yield running


@pytest.fixture
def channel(server: RunningServer) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.grpc_address, options=[("grpc.max_send_message_length", -1)]) as made:
        yield made


def request(padding: int = 0, model: str = "fake", **orders: Any) -> bytes:
    """The fake worker answers a picture's orders in whichever form they come: here as one raw tensor."""
    body = ModelInferRequest(model_name=model, id="x")
    body.inputs.add(name="image", datatype="BYTES", shape=[1])
    return body.SerializeToString() + _raw(picture(padding=padding, **orders))


def _raw(data: bytes) -> bytes:
    """The last field of the message, so that the orders are its end."""
    return ModelInferRequest(raw_input_contents=[data]).SerializeToString()


def infer(channel: grpc.Channel, body: bytes, **options: Any) -> tuple[bytes, dict[str, str]]:
    answer, call = channel.unary_unary(INFER).with_call(body, **options)
    return answer, dict(call.trailing_metadata())


def fault_of(channel: grpc.Channel, body: bytes, **options: Any) -> tuple[grpc.RpcError, dict[str, str]]:
    with pytest.raises(grpc.RpcError) as fault:
        infer(channel, body, **options)
    return fault.value, dict(fault.value.trailing_metadata() or ())


def test_a_call_is_answered_counted_and_told_who_it_was(server: RunningServer, channel: grpc.Channel) -> None:
    over_grpc = 'paddle_runtime_protocol_requests_total{protocol="grpc"}'
    before, came = server.requests("good", 200), server.metrics()[over_grpc]
    body, trailers = infer(channel, request(), metadata=(("x-request-id", "mine"),))
    assert b'"bytes"' in body  # what the fake worker answers
    assert trailers["x-request-id"] == "mine"
    assert "decode;dur=" in trailers["server-timing"]
    assert server.requests("good", 200) == before + 1
    assert server.metrics()[over_grpc] == came + 1


@pytest.mark.parametrize(
    ("orders", "code", "reason", "counted"),
    [
        ({"undecodable": True}, "INVALID_ARGUMENT", "undecodable", ("invalid", 422)),
        ({"fail": "by order"}, "INTERNAL", "internal", ("bad", 500)),
        ({"raise": "by order"}, "INTERNAL", "internal", ("bad", 500)),
        ({"model": "other"}, "NOT_FOUND", "not_found", ("invalid", 404)),
    ],
)
def test_faults_have_their_status_and_count_as_over_http(
    server: RunningServer,
    channel: grpc.Channel,
    orders: dict[str, Any],
    code: str,
    reason: str,
    counted: tuple[str, int],
) -> None:
    before = server.requests(*counted)
    fault, trailers = fault_of(channel, request(**orders))
    assert (fault.code(), trailers["reason"]) == (grpc.StatusCode[code], reason)
    assert len(trailers["x-request-id"]) == 32
    assert server.requests(*counted) == before + 1


@pytest.mark.parametrize(
    "path", ["/inference.GRPCInferenceService/ModelStatistics", "/grpc.health.v1.Health/Check", "/x/y"]
)
def test_a_procedure_that_is_not_there_is_told_which_are_and_counted(
    server: RunningServer, channel: grpc.Channel, path: str
) -> None:
    over_grpc = 'paddle_runtime_protocol_requests_total{protocol="grpc"}'
    before, came = server.requests("invalid", 405), server.metrics()[over_grpc]
    with pytest.raises(grpc.RpcError) as fault:
        channel.unary_unary(path)(b"anything", timeout=10)
    assert fault.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert f"no procedure '{path}'" in fault.value.details()
    assert "ModelInfer" in fault.value.details()
    assert server.requests("invalid", 405) == before + 1
    assert server.metrics()[over_grpc] == came + 1


def test_a_model_that_is_not_there_is_counted_as_over_http(
    server: RunningServer, channel: grpc.Channel
) -> None:
    before = server.requests("invalid", 404)
    asked = ModelReadyRequest(name="other").SerializeToString()
    with pytest.raises(grpc.RpcError) as fault:
        channel.unary_unary("/inference.GRPCInferenceService/ModelReady")(asked, timeout=10)
    assert fault.value.code() is grpc.StatusCode.NOT_FOUND
    assert server.requests("invalid", 404) == before + 1


def test_a_worker_that_dies_costs_one_call_and_says_to_repeat_it(
    server: RunningServer, channel: grpc.Channel
) -> None:
    fault, trailers = fault_of(channel, request(die=True))
    assert (fault.code(), trailers["reason"]) == (grpc.StatusCode.ABORTED, "worker_lost")
    assert (trailers["retry-after"], trailers["grpc-retry-pushback-ms"]) == ("5", "5000")
    server.wait_warm(1)
    assert infer(channel, request())


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"\x0a\x05abc", b"\x42\x00" * 2000, b"\x0a\xff\xff\xff\xff\x0f"]
)
def test_what_is_no_request_is_an_invalid_argument(channel: grpc.Channel, body: bytes) -> None:
    fault, trailers = fault_of(channel, body)
    assert fault.code() in {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND}
    assert trailers["reason"] in {"malformed", "not_found", "empty"}


def test_a_message_over_the_cap_is_refused_and_nothing_is_kept(
    server: RunningServer, channel: grpc.Channel
) -> None:
    fault, _ = fault_of(channel, request(padding=2 * CAP))
    assert fault.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert infer(channel, request(padding=CAP // 2))
    wait_until(lambda: server.metrics()["paddle_runtime_held_bytes"] == 0)


def test_a_compressed_message_is_refused_since_it_may_be_a_bomb(
    server: RunningServer, channel: grpc.Channel
) -> None:
    fault, _ = fault_of(channel, request(padding=CAP // 2), compression=grpc.Compression.Gzip)
    assert fault.code() in {grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.INTERNAL}
    assert infer(channel, request())


def test_a_deadline_that_is_over_is_a_broken_promise_and_frees_the_queue(
    server: RunningServer, channel: grpc.Channel
) -> None:
    before = server.requests("bad", 504)
    fault, _ = fault_of(channel, request(seconds=0.6), timeout=0.3)
    assert fault.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    wait_until(lambda: server.requests("bad", 504) == before + 1, what="counted")
    wait_until(lambda: server.metrics()["paddle_runtime_inflight_requests"] == 0)


def test_a_caller_that_leaves_takes_its_work_along(server: RunningServer, channel: grpc.Channel) -> None:
    assert infer(channel, request())  # and so the worker is free
    before = server.requests("invalid", 499)
    first = channel.unary_unary(INFER).future(request(seconds=0.5))
    wait_until(lambda: server.metrics()["paddle_runtime_inflight_requests"] == 1)
    second = channel.unary_unary(INFER).future(request(seconds=5))
    wait_until(lambda: server.metrics()["paddle_runtime_queue_depth"] == 1)
    second.cancel()
    wait_until(lambda: server.metrics()["paddle_runtime_queue_depth"] == 0)
    assert first.result(timeout=20)
    wait_until(lambda: server.requests("invalid", 499) == before + 1)


def test_a_full_queue_refuses_before_the_message_is_read(
    server: RunningServer, channel: grpc.Channel
) -> None:
    assert infer(channel, request())
    before = server.metrics()['paddle_runtime_refused_total{reason="queue_full"}']
    calls = [channel.unary_unary(INFER).future(request(seconds=1)) for _ in range(2)]
    wait_until(lambda: server.metrics()["paddle_runtime_queue_depth"] == 1)
    fault, trailers = fault_of(channel, request())
    assert (fault.code(), trailers["reason"]) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "queue_full")
    assert int(trailers["retry-after"]) >= 1
    assert all(call.result(timeout=20) for call in calls)
    assert server.metrics()['paddle_runtime_refused_total{reason="queue_full"}'] == before + 1


def test_a_message_that_never_comes_is_given_up(server: RunningServer, channel: grpc.Channel) -> None:
    done = threading.Event()

    def nothing() -> Iterator[bytes]:
        done.wait(20)
        yield b""

    with pytest.raises(grpc.RpcError) as fault:
        channel.stream_unary(INFER)(nothing(), timeout=20)
    done.set()
    assert fault.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert dict(fault.value.trailing_metadata() or ())["reason"] == "slow_body"


def test_many_callers_at_once_are_all_answered_or_refused(
    server: RunningServer, channel: grpc.Channel
) -> None:
    def one(_number: int) -> str:
        try:
            infer(channel, request(padding=50_000))
        except grpc.RpcError as fault:
            return str(dict(fault.trailing_metadata() or ())["reason"])
        return "good"

    with ThreadPoolExecutor(32) as pool:
        told = set(pool.map(one, range(200)))
    assert told <= {"good", "queue_full", "predicted_late"}
    assert "good" in told


def test_calls_under_way_are_answered_when_the_server_ends(tmp_path: Path) -> None:
    with (
        RunningServer(tmp_path, grpc_port=free_port()) as server,
        grpc.insecure_channel(server.grpc_address) as channel,
    ):
        calls = [channel.unary_unary(INFER).future(request(seconds=0.5)) for _ in range(3)]
        wait_until(lambda: server.metrics()["paddle_runtime_inflight_requests"] == 3)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        fault, _ = fault_of(channel, request(), timeout=5)
        assert fault.code() is grpc.StatusCode.UNAVAILABLE
        assert all(call.result(timeout=20) for call in calls)
        assert server.process.wait(20) == 0


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    port = free_port()
    with RunningServer(tmp_path, grpc_port=port):
        second = tmp_path / "second"
        second.mkdir()
        with RunningServer(second, grpc_port=port, wait=False) as other:
            assert other.process.wait(20) == 1
            assert "choose another with --grpc-port" in other.log


def test_the_messages_are_those_of_the_protocol() -> None:
    """Field by field against the client's own copy, so that both read each other's bytes."""
    from tritonclient.grpc import service_pb2  # noqa: PLC0415  a second copy of the same names

    for ours, theirs in (
        (ModelInferRequest, service_pb2.ModelInferRequest),
        (ModelInferResponse, service_pb2.ModelInferResponse),
    ):
        have = {field.name: (field.number, field.type) for field in ours.DESCRIPTOR.fields}
        want = {field.name: (field.number, field.type) for field in theirs.DESCRIPTOR.fields}
        assert have == want
