"""Open Inference Protocol v2 with tensors as bytes behind the JSON."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.bundle.signature import Datatype, TensorSpec
from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.protocol.tensors import InferRequest, Signature, Wanted, from_raw, to_raw
from paddle_runtime.protocol.v2_json import decode_infer, encode_infer
from paddle_runtime.tasks import TensorRow

X = TensorSpec(name="x", datatype=Datatype.FP32, shape=(-1, 2))
N = TensorSpec(name="n", datatype=Datatype.INT32, shape=(1,))
Y = TensorSpec(name="y", datatype=Datatype.FP32, shape=(-1,))
ONE = Signature(inputs=(X,), outputs=(Y,), limits={"x": (8, 2)})
TWO = Signature(inputs=(X, N), outputs=(Y,), limits={"x": (8, 2), "n": (1,)})
IMAGE = Signature(
    (TensorRow("image", "BYTES", (1,)),), (TensorRow("lines", "BYTES", (-1,)),), {"image": (1,)}
)
FLOATS = struct.pack("<2f", 1, 2.5)
WHOLE = struct.pack("<i", 7)


def tensor(size: object, **changes: object) -> dict[str, object]:
    parameters = {"binary_data_size": size}
    return {"name": "x", "shape": [1, 2], "datatype": "FP32", "parameters": parameters, **changes}


def decoded(
    document: object, tail: bytes, signature: Signature = ONE, json_bytes: int | None = -1
) -> InferRequest:
    text = json.dumps(document).encode()
    return decode_infer(text + tail, signature, len(text) if json_bytes == -1 else json_bytes)


def test_each_binary_input_takes_its_own_bytes_in_order() -> None:
    n = tensor(4, name="n", shape=[1], datatype="INT32")
    request = decoded({"inputs": [n, tensor(8)]}, WHOLE + FLOATS, TWO)
    assert [(each.spec, bytes(each.data)) for each in request.inputs] == [(N, WHOLE), (X, FLOATS)]


def test_binary_and_json_inputs_may_be_mixed() -> None:
    n = {"name": "n", "shape": [1], "datatype": "INT32", "data": [7]}
    request = decoded({"inputs": [n, tensor(8)]}, FLOATS, TWO)
    assert [isinstance(each.data, memoryview) for each in request.inputs] == [False, True]


@pytest.mark.parametrize(
    ("document", "tail", "words"),
    [
        ({"inputs": [tensor(8)]}, FLOATS[:7], "is more than the 7 bytes that are left"),
        ({"inputs": [tensor(8)]}, FLOATS + b"!", "1 bytes behind the JSON belong to no input"),
        ({"inputs": [tensor(7)]}, FLOATS[:7], "'7 bytes' do not fill shape [1, 2] of FP32, 8 bytes do"),
        ({"inputs": [tensor(-1)]}, FLOATS, "must be a whole number of bytes"),
        ({"inputs": [tensor(True)]}, FLOATS, "must be a whole number of bytes"),
        ({"inputs": [tensor("8")]}, FLOATS, "must be a whole number of bytes"),
        ({"inputs": [tensor(8, data=[1, 2.5])]}, FLOATS, "is given beside binary_data_size"),
        ({"inputs": [tensor(8, shape=[9, 2])]}, FLOATS, "larger than this model's largest bucket"),
        ({"inputs": [tensor(8, datatype="FP64")]}, FLOATS, "must be FP32"),
    ],
)
def test_what_does_not_add_up_is_named(document: object, tail: bytes, words: str) -> None:
    with pytest.raises(Invalid) as fault:
        decoded(document, tail)
    assert fault.value.reason is RequestReason.MALFORMED
    assert words in str(fault.value)


def test_a_header_longer_than_the_body_is_refused() -> None:
    with pytest.raises(Invalid, match="Inference-Header-Content-Length = 99 is more than the body's"):
        decode_infer(b"{}", ONE, 99)


def test_binary_data_without_the_header_is_refused() -> None:
    with pytest.raises(Invalid, match="is more than the 0 bytes that are left"):
        decoded({"inputs": [tensor(8)]}, b"", json_bytes=None)


@given(st.binary(max_size=120), st.integers(0, 130))
def test_any_bytes_are_decoded_or_refused(body: bytes, json_bytes: int) -> None:
    try:
        (x,) = decode_infer(body, ONE, json_bytes).inputs
    except Invalid:
        return
    assert json_bytes == 0
    assert len(body) == 8 * x.shape[0]


@pytest.mark.parametrize("rows", [1, 3])
def test_a_body_that_is_one_tensor_tells_its_free_dimension_by_its_size(rows: int) -> None:
    request = decode_infer(FLOATS * rows, ONE, 0)
    assert (request.inputs[0].shape, bytes(request.inputs[0].data)) == ((rows, 2), FLOATS * rows)
    assert request.outputs == (Wanted("y", binary=True),)


def test_a_body_that_is_one_picture_needs_no_length_before_it() -> None:
    assert decode_infer(b"\x89PNG", IMAGE, 0).inputs[0].data == [b"\x89PNG"]


@pytest.mark.parametrize(
    ("body", "signature", "words"),
    [
        (FLOATS, TWO, "the model has 2 inputs"),
        (FLOATS[:5], ONE, "'5 bytes' are no whole rows of 8 bytes"),
        (FLOATS * 9, ONE, "larger than this model's largest bucket"),
        (
            FLOATS,
            Signature((TensorSpec(name="x", datatype=Datatype.FP32, shape=(-1, -1)),), (Y,), {"x": (8, 8)}),
            "has 2 free dimensions",
        ),
    ],
)
def test_a_body_without_json_that_could_mean_several_things_is_refused(
    body: bytes, signature: Signature, words: str
) -> None:
    with pytest.raises(Invalid) as fault:
        decode_infer(body, signature, 0)
    assert words in str(fault.value)


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=5))
def test_elements_of_bytes_come_back_as_they_went(elements: list[bytes]) -> None:
    raw = to_raw(elements)
    assert from_raw("x", memoryview(raw), "BYTES", [len(elements)]) == elements
    for broken in (raw[:-1], raw + b"\0", raw + to_raw([b""])):
        with pytest.raises(Invalid):
            from_raw("x", memoryview(broken), "BYTES", [len(elements)])


@pytest.mark.parametrize("shape", [[1], [3]])
@given(raw=st.binary(max_size=30))
def test_any_bytes_are_elements_or_refused(shape: list[int], raw: bytes) -> None:
    try:
        found = from_raw("x", memoryview(raw), "BYTES", shape)
    except Invalid:
        return
    assert isinstance(found, list)
    assert to_raw(found) == raw


@pytest.mark.parametrize(
    ("outputs", "everywhere", "binary"),
    [
        (None, False, False),
        (None, True, True),
        ([{"name": "y"}], True, True),
        ([{"name": "y", "parameters": {"binary_data": False}}], True, False),
        ([{"name": "y", "parameters": {"binary_data": True}}], False, True),
    ],
)
def test_outputs_are_bytes_where_asked_for(outputs: object, everywhere: bool, binary: bool) -> None:
    document = {"inputs": [tensor(8)], "parameters": {"binary_data_output": everywhere}}
    asked = document if outputs is None else {**document, "outputs": outputs}
    assert decoded(asked, FLOATS).outputs == (Wanted("y", binary),)


def test_an_answer_says_how_many_of_its_bytes_are_json() -> None:
    y = {"name": "y", "datatype": "FP32", "shape": [2], "data": FLOATS}
    z = {"name": "z", "datatype": "INT32", "shape": [1], "data": [7]}
    body, json_bytes = encode_infer([y, z, y], model_name="m", model_version="1", request_id=None)
    assert json_bytes is not None
    assert body[json_bytes:] == FLOATS * 2
    told = json.loads(body[:json_bytes])["outputs"]
    assert [each.get("parameters") for each in told] == [
        {"binary_data_size": 8},
        None,
        {"binary_data_size": 8},
    ]
    assert ["data" in each for each in told] == [False, True, False]
