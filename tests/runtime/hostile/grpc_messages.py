"""Hostile messages of a well-formed gRPC call, for a model with one input x [-1, 64] of FP32."""

# ruff: noqa: E501  each line is one message

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import grpc

from paddle_runtime.protocol.open_inference_pb2 import ModelInferRequest
from tests.runtime.hostile.http2 import INFER

MIB = 1024 * 1024
SERVICE = "/inference.GRPCInferenceService/"
REFUSED = frozenset({"INVALID_ARGUMENT", "NOT_FOUND"})
TOO_MUCH = REFUSED | {"RESOURCE_EXHAUSTED"}
ODD = REFUSED | {"OK"}
ROW = struct.pack("<64f", *[0.0] * 64)
NOISE = random.Random(2).randbytes(10_000)


@dataclass(frozen=True)
class Message:
    """codes: the statuses that are right for it."""

    name: str
    body: Callable[[], bytes]
    codes: frozenset[str] = REFUSED
    method: str = INFER


def send(channel: grpc.Channel, message: Message, seconds: float = 30.0) -> tuple[str, str]:
    """The status and its words; the bytes are sent as they are."""
    try:
        channel.unary_unary(message.method)(message.body(), timeout=seconds)
    except grpc.RpcError as fault:
        return fault.code().name, fault.details() or ""
    return "OK", "answered"


def verdict(message: Message, code: str, words: str) -> str | None:
    """What is wrong with a status, or None."""
    if code not in message.codes:
        return f"{message.name}: {code} {words[:200]}"
    return None if words else f"{message.name}: {code} without a word"


def request(model: str, **changes: Any) -> ModelInferRequest:
    """The right request, or one whose tensor has other fields; raw: its bytes, or a list of several."""
    raw = changes.pop("raw", ROW)
    made = ModelInferRequest(model_name=model, id="a")
    made.inputs.add(**{"name": "x", "datatype": "FP32", "shape": [1, 64], **changes})
    made.raw_input_contents.extend(raw if isinstance(raw, list) else [raw])
    return made


def whole_picture(data: bytes) -> bytes:
    """The request of a task that takes a picture, for the fake model."""
    body = ModelInferRequest(model_name="fake", id="a", raw_input_contents=[data])
    body.inputs.add(name="image", datatype="BYTES", shape=[1])
    return body.SerializeToString()


def field(number: int, content: bytes) -> bytes:
    """A field of a message, whatever its schema says of it."""
    length, told = len(content), bytearray()
    while length >= 128:
        told.append(length % 128 + 128)
        length //= 128
    return bytes([number << 3 | 2, *told, length]) + content


def tensors(model: str) -> Iterator[Message]:
    """One tensor, wrong in one way."""
    changes: dict[str, dict[str, Any]] = {
        "another name": {"name": "y"}, "no name": {"name": ""}, "a name of 1 MiB": {"name": "x" * MIB}, "a name with a NUL": {"name": "x\0"},
        "another type": {"datatype": "INT64"}, "a type that is none": {"datatype": "FP31"}, "no type": {"datatype": ""}, "a type of 1 MiB": {"datatype": "F" * MIB}, "bytes": {"datatype": "BYTES"},
        "one dimension": {"shape": [64]}, "no dimension": {"shape": []}, "nine dimensions": {"shape": [1] * 8 + [64]}, "100000 dimensions": {"shape": [1] * 100_000},
        "a dimension below zero": {"shape": [-1, 64]}, "the least dimension": {"shape": [-(2**63), 64]}, "no rows": {"shape": [0, 64], "raw": b""}, "2^63-1 rows": {"shape": [2**63 - 1, 64]},
        "2^32 x 2^32": {"shape": [2**32, 2**32]}, "2^58 rows, whose bytes are 0 modulo 2^64": {"shape": [2**58, 64], "raw": b""}, "a wrong width": {"shape": [1, 63], "raw": bytes(252)},
        "a byte too few": {"raw": ROW[:-1]}, "a byte too many": {"raw": ROW + b"\0"}, "no bytes": {"raw": b""}, "10 MiB too many": {"raw": bytes(10 * MIB)}, "no content at all": {"raw": []},
        "contents twice": {"raw": [ROW, ROW]}, "1000 contents": {"raw": [ROW] * 1000},
    }  # fmt: skip
    for name, change in changes.items():
        yield Message(f"tensor: {name}", lambda change=change: request(model, **change).SerializeToString())  # type: ignore[misc]
    contents: dict[str, dict[str, Any]] = {
        "too few values": {"fp32_contents": [0.0]}, "too many values": {"fp32_contents": [0.0] * 65}, "values of another type": {"int64_contents": [0] * 64}, "values of two types": {"fp64_contents": [0.0] * 64, "bool_contents": [True]},
        "bytes for values": {"bytes_contents": [b"a"] * 64}, "2 million values": {"fp32_contents": [0.0] * 2_000_000},
    }  # fmt: skip
    for name, content in contents.items():
        yield Message(
            f"tensor: {name}",
            lambda content=content: request(model, contents=content, raw=[]).SerializeToString(),
        )  # type: ignore[misc]
    yield Message(
        "tensor: values and bytes",
        lambda: request(model, contents={"fp32_contents": [0.0] * 64}).SerializeToString(),
    )
    for name, number in (("NaN", float("nan")), ("infinity", float("inf")), ("the largest number", 3.4e38)):
        yield Message(
            f"tensor: {name}",
            lambda number=number: request(model, raw=struct.pack("<64f", *[number] * 64)).SerializeToString(),
            ODD,
        )  # type: ignore[misc]
        yield Message(
            f"tensor: {name} as a value",
            lambda number=number: request(
                model, contents={"fp32_contents": [number] * 64}, raw=[]
            ).SerializeToString(),
            ODD,
        )  # type: ignore[misc]


def requests(model: str) -> Iterator[Message]:
    """What is around the tensors."""
    whole = request(model).SerializeToString()
    x = request(model).inputs[0].SerializeToString()
    tensor, contents = field(5, x), field(7, ROW)
    name = field(1, model.encode())
    group, ungroup = b"\x7b", b"\x7c"  # field 15 as a group, which protobuf gave up long ago
    bodies: dict[str, bytes] = {
        "nothing": b"", "noise": NOISE, "zeros": bytes(1000), "ones": b"\xff" * 1000, "text": b"{}", "another model": request("other").SerializeToString(), "no model": whole.replace(name, b"", 1),
        "another version": name + field(2, b"999") + tensor + contents, "a model's name of 1 MiB": field(1, b"a" * MIB) + tensor + contents, "a name that is no Unicode": field(1, b"\xff\xfe") + tensor + contents,
        "a name of half a character": field(1, b"\xed\xa0\x80") + tensor + contents, "a name with a line feed": field(1, b"a\r\nb: c") + tensor, "a path for a name": field(1, b"../../etc/passwd") + tensor + contents,
        "an id of 1 MiB": name + field(3, b"a" * MIB) + tensor + contents, "an id that is no Unicode": name + field(3, b"\xff") + tensor + contents, "a version that is no Unicode": name + field(2, b"\xff") + tensor + contents,
        "no inputs": name, "1000 inputs": name + tensor * 1000 + contents, "100000 inputs": name + tensor * 100_000, "the same input twice": name + tensor * 2 + contents * 2, "an empty input": name + field(5, b"") + contents,
        "a tensor's name that is no Unicode": name + field(5, b"\x0a\x01\xff") + contents, "a tensor of noise": name + field(5, NOISE) + contents, "an output that is none": whole + field(6, field(1, b"z")), "an output that is no Unicode": whole + field(6, field(1, b"\xff")),
        "1000 outputs": whole + field(6, field(1, b"z")) * 1000, "10000 parameters": name + b"".join(field(4, field(1, b"p%d" % n) + field(2, b"\x08\x01")) for n in range(10_000)) + tensor + contents,
        "a sequence": name + field(4, field(1, b"sequence_id") + field(2, b"\x10\x01")) + tensor + contents, "a parameter that is no Unicode": name + field(4, field(1, b"\xff") + field(2, b"\x08\x01")) + tensor + contents,
        "shared memory": name + field(5, x + field(4, field(1, b"shared_memory_region") + field(2, field(3, b"/etc/passwd")))) + contents,
        "groups inside groups": whole + group * 10_000 + ungroup * 10_000, "a group without an end": whole + group, "an end without a group": whole + ungroup, "a field of number 0": whole + b"\x02\x00",
        "a number without an end": whole + b"\x80" * 20, "a length beyond the end": whole + b"\x0a\x7f", "a length of 2^63": b"\x0a" + b"\xff" * 8 + b"\x7f", "a length below zero": b"\x0a" + b"\xff" * 9 + b"\x01",
        "a million unknown fields": whole + b"\x78\x01" * 1_000_000, "19 MiB of unknown fields": whole + b"\x78\x01" * (19 * MIB // 2), "19 MiB of empty tensors": name + b"\x2a\x00" * (19 * MIB // 2), "19 MiB of empty contents": whole + b"\x3a\x00" * (19 * MIB // 2),
        "19 MiB in one unknown field": name + field(15, bytes(19 * MIB)), "a tensor that holds tensors": name + _nested(x, 90) + contents,
    }  # fmt: skip
    inside: dict[str, bytes] = {
        "19 MiB of parameters in a tensor": b"".join(field(4, field(1, b"%07x" % n)) for n in range(19 * MIB // 11)), "19 MiB of empty parameters in a tensor": b"\x22\x00" * (19 * MIB // 2),
        "19 MiB of a shape": field(3, b"\x01" * (19 * MIB)), "19 MiB of a shape, number by number": b"\x18\x01" * (19 * MIB // 2),
        "19 MiB of truths": field(5, field(1, b"\x01" * (19 * MIB))), "19 MiB of whole numbers": field(5, field(3, b"\x01" * (19 * MIB))), "19 MiB of empty texts": field(5, b"\x42\x00" * (19 * MIB // 2)),
        "19 MiB of unknown fields in a tensor": b"\x78\x01" * (19 * MIB // 2), "10 million empty contents in a tensor": b"\x2a\x00" * (19 * MIB // 2),
    }  # fmt: skip
    for told, body in inside.items():
        yield Message(f"request: {told}", lambda body=body: name + field(5, x + body) + contents)  # type: ignore[misc]
    for told, body in bodies.items():
        yield Message(f"request: {told}", lambda body=body: body)  # type: ignore[misc]
    for told, body in {
        "the model's name 1000 times": name * 1000 + tensor + contents,
        "an unknown field": whole + b"\x78\x01",
        "fields in another order": contents + tensor + name,
    }.items():
        yield Message(f"request: {told}", lambda body=body: body, ODD)  # type: ignore[misc]
    for cut in (1, 5, len(name), len(name) + 1, len(whole) // 2, len(whole) - 1):
        yield Message(f"request: cut at byte {cut}", lambda cut=cut: whole[:cut])  # type: ignore[misc]
    yield Message(
        "request: over the cap",
        lambda: request(model, raw=bytes(21 * MIB)).SerializeToString(),
        frozenset({"RESOURCE_EXHAUSTED"}),
    )


def _nested(content: bytes, depth: int) -> bytes:
    for _ in range(depth):
        content = field(5, content)
    return content


def others(model: str) -> Iterator[Message]:
    """The procedures beside ModelInfer, and some that are none."""
    bodies = {
        "noise": NOISE,
        "a name that is no Unicode": field(1, b"\xff"),
        "a length beyond the end": b"\x0a\x7f",
        "groups inside groups": b"\x7b" * 10_000,
    }
    for method in ("ServerLive", "ServerReady", "ServerMetadata", "ModelReady", "ModelMetadata"):
        for told, body in bodies.items():
            codes = ODD if method.startswith("Server") else REFUSED  # a request that says nothing is not read
            yield Message(f"{method}: {told}", lambda body=body: body, codes, SERVICE + method)  # type: ignore[misc]
    for method in ("ModelReady", "ModelMetadata"):
        for told, body in {
            "nothing": b"",
            "another model": field(1, b"other"),
            "another version": field(1, model.encode()) + field(2, b"999"),
            "a name of 1 MiB": field(1, b"a" * MIB),
        }.items():
            yield Message(f"{method}: {told}", lambda body=body: body, REFUSED, SERVICE + method)  # type: ignore[misc]
        yield Message(
            f"{method}: over the cap",
            lambda: field(1, bytes(21 * MIB)),
            frozenset({"RESOURCE_EXHAUSTED"}),
            SERVICE + method,
        )
    for method in ("Nothing", "ModelStreamInfer", "RepositoryModelLoad", "../ModelInfer", "modelinfer"):
        yield Message(f"procedure {method}", lambda: b"", frozenset({"UNIMPLEMENTED"}), SERVICE + method)
    yield Message(
        "another service",
        lambda: b"",
        frozenset({"UNIMPLEMENTED"}),
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    )


def quick(model: str) -> list[Message]:
    """All of them."""
    return [*tensors(model), *requests(model), *others(model)]
