"""Open Inference Protocol v2 as gRPC messages."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.bundle.signature import Datatype, TensorSpec
from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.protocol.open_inference_pb2 import ModelInferRequest, ModelInferResponse
from paddle_runtime.protocol.tensors import Signature, Wanted
from paddle_runtime.protocol.v2_grpc import MAX_FIELDS, MAX_SMALL_BYTES, decode_infer, encode_infer, envelope
from paddle_runtime.tasks import TensorRow

X = TensorSpec(name="x", datatype=Datatype.FP32, shape=(-1, 2))
N = TensorSpec(name="n", datatype=Datatype.INT8, shape=(1,))
Y = TensorSpec(name="y", datatype=Datatype.FP32, shape=(-1,))
TWO = Signature(inputs=(X, N), outputs=(Y,), limits={"x": (8, 2), "n": (1,)})
TEXT = Signature((TensorRow("text", "BYTES", (-1,)),), (TensorRow("label", "BYTES", (-1,)),), {"text": (4,)})
FLOATS = struct.pack("<2f", 1, 2.5)


def message(*, raw: bool = True, **parameters: object) -> ModelInferRequest:
    request = ModelInferRequest(model_name="m", model_version="1", id="a")
    x = request.inputs.add(name="x", datatype="FP32", shape=[1, 2])
    n = request.inputs.add(name="n", datatype="INT8", shape=[1])
    if raw:
        request.raw_input_contents.extend([FLOATS, b"\x07"])
    else:
        x.contents.fp32_contents.extend([1, 2.5])
        n.contents.int_contents.append(7)
    for name, value in parameters.items():
        field = {bool: "bool_param", int: "int64_param", str: "string_param"}[type(value)]
        setattr(request.parameters[name], field, value)
    return request


def decoded(request: ModelInferRequest, signature: Signature = TWO) -> Any:
    return decode_infer(request.SerializeToString(), signature)


def test_the_envelope_is_read_without_the_tensors() -> None:
    body = message(timeout=5, first=True, word="w").SerializeToString()
    found = envelope(body)
    assert (found.model_name, found.model_version, found.id) == ("m", "1", "a")
    assert found.parameters == {"timeout": 5, "first": True, "word": "w"}


@given(st.binary(max_size=60))
def test_any_bytes_have_an_envelope_or_are_refused(body: bytes) -> None:
    try:
        envelope(body)
    except Invalid as fault:
        assert fault.reason is RequestReason.MALFORMED  # noqa: PT017


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"\x3a\x00" * (MAX_FIELDS + 1), f"more than {MAX_FIELDS} fields"),
        (ModelInferRequest(id="a" * MAX_SMALL_BYTES).SerializeToString(), "bytes beside its tensors"),
        (b"\x3a\x05abc", "longer than the message"),
        (b"\x3a" + b"\xff" * 10, "a number without an end"),
        (b"\x0b", "a field of an unknown form"),
        (b"\x0a\x02\xff\xfe", "what cannot be read"),
    ],
)
def test_a_message_made_to_be_costly_is_refused_cheaply(body: bytes, words: str) -> None:
    with pytest.raises(Invalid) as fault:
        envelope(body)
    assert words in str(fault.value)


def test_raw_and_typed_contents_mean_the_same() -> None:
    raw, typed = decoded(message()), decoded(message(raw=False))
    assert [bytes(each.data) for each in raw.inputs] == [FLOATS, b"\x07"]
    assert [each.data for each in typed.inputs] == [[1, 2.5], [7]]
    assert raw.outputs == typed.outputs == (Wanted("y", binary=True),)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r.raw_input_contents.pop(), "raw_input_contents = 1 tensors are given for 2 inputs"),
        (lambda r: r.inputs[1].contents.int_contents.append(7), "is given beside raw_input_contents"),
        (lambda r: r.inputs[0].shape.extend([1] * 5000), "has 17 dimensions, 2 are declared"),
        (lambda r: r.inputs.pop(), "raw_input_contents = 2 tensors are given for 1 inputs"),
        (lambda r: r.outputs.add(name="z"), "outputs[0].name = 'z' must be one of ['y']"),
        (lambda r: setattr(r.inputs[0], "datatype", "FP64"), "must be FP32"),
    ],
)
def test_what_does_not_add_up_is_named(change: Any, words: str) -> None:
    request = message()
    change(request)
    with pytest.raises(Invalid) as fault:
        decoded(request)
    assert words in str(fault.value)


def test_typed_values_must_fill_the_shape_and_fit_their_type() -> None:
    request = message(raw=False)
    request.inputs[1].contents.int_contents[0] = 300
    with pytest.raises(Invalid, match="int_contents = 300 does not fit INT8"):
        decoded(request)
    request.inputs[1].contents.int_contents.append(1)
    with pytest.raises(Invalid, match="2 values' do not fill shape"):
        decoded(request)


def test_text_travels_as_bytes_in_both_forms() -> None:
    raw, typed = ModelInferRequest(), ModelInferRequest()
    raw.inputs.add(name="text", datatype="BYTES", shape=[2])
    raw.raw_input_contents.append(b"\x01\0\0\0a\x02\0\0\0bc")
    typed.inputs.add(name="text", datatype="BYTES", shape=[2]).contents.bytes_contents.extend([b"a", b"bc"])
    assert decoded(raw, TEXT).inputs[0].data == decoded(typed, TEXT).inputs[0].data == [b"a", b"bc"]


def test_parameters_whose_neglect_would_change_the_answer_are_refused() -> None:
    with pytest.raises(Invalid, match="sequence_id = 3 is not for here"):
        decoded(message(sequence_id=3))


def test_an_answer_has_its_tensors_raw_and_in_order() -> None:
    outputs = [
        {"name": "y", "datatype": "FP32", "shape": [2], "data": FLOATS},
        {"name": "n", "datatype": "INT8", "shape": [1], "data": b"\x07"},
    ]
    answer = ModelInferResponse.FromString(
        encode_infer(outputs, model_name="m", model_version="1", request_id="a")
    )
    assert (answer.model_name, answer.model_version, answer.id) == ("m", "1", "a")
    assert [(each.name, each.datatype, list(each.shape)) for each in answer.outputs] == [
        ("y", "FP32", [2]),
        ("n", "INT8", [1]),
    ]
    assert list(answer.raw_output_contents) == [FLOATS, b"\x07"]


@pytest.mark.parametrize(
    "inside",
    [
        b"\x22\x00" * MAX_FIELDS,  # parameters
        b"\x18\x01" * MAX_FIELDS,  # dimensions, one by one
        b"\x2a\x00" * MAX_FIELDS,  # contents, again and again
        b"\x78\x01" * MAX_FIELDS,  # fields that nobody knows
    ],
)
@pytest.mark.parametrize("field", ["inputs", "outputs"])
def test_many_small_things_inside_a_tensor_are_not_parsed(field: str, inside: bytes) -> None:
    number, length = ModelInferRequest.DESCRIPTOR.fields_by_name[field].number, len(inside)
    body = bytes([number << 3 | 2, length & 0x7F | 0x80, length >> 7]) + inside
    with pytest.raises(Invalid, match=f"more than {MAX_FIELDS} fields"):
        envelope(body)


def test_many_small_values_are_not_parsed_and_many_in_one_field_are() -> None:
    texts = ModelInferRequest(model_name="m")
    texts.inputs.add(name="x", datatype="BYTES").contents.bytes_contents.extend([b""] * MAX_FIELDS)
    with pytest.raises(Invalid, match=f"more than {MAX_FIELDS} fields"):
        envelope(texts.SerializeToString())
    numbers = ModelInferRequest(model_name="m")
    numbers.inputs.add(name="x", datatype="FP32").contents.fp32_contents.extend([0.0] * 100_000)
    assert envelope(numbers.SerializeToString()).model_name == "m"


def test_a_name_of_a_tensor_has_an_end() -> None:
    request = ModelInferRequest(model_name="m")
    request.inputs.add(name="x" * MAX_SMALL_BYTES)
    with pytest.raises(Invalid, match=f"a field of {MAX_SMALL_BYTES} bytes beside the values"):
        envelope(request.SerializeToString())
