"""Open Inference Protocol v2 in JSON."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.bundle.signature import Datatype, TensorSpec
from paddle_runtime.bundle.store import builtin_path, open_bundle
from paddle_runtime.errors import Failed, Invalid, RequestReason
from paddle_runtime.protocol.tensors import InferRequest, Signature, Wanted, signature_of
from paddle_runtime.protocol.v2_json import decode_infer, encode_infer, model_metadata
from paddle_runtime.tasks import TensorRow
from tests.runtime.apart import refusal_of
from tests.runtime.bundle.builders import tensor_manifest

X = TensorSpec(name="x", datatype=Datatype.FP32, shape=(-1, 2))
N = TensorSpec(name="n", datatype=Datatype.INT32, shape=(1,))
Y = TensorSpec(name="y", datatype=Datatype.FP32, shape=(-1,))
ONE = Signature(inputs=(X,), outputs=(Y,), limits={"x": (8, 2)})
TWO = Signature(inputs=(X, N), outputs=(Y,), limits={"x": (8, 2), "n": (1,)})


def tensor(**changes: object) -> dict[str, object]:
    return {"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2.5], **changes}


def decoded(document: object, signature: Signature = ONE) -> InferRequest:
    return decode_infer(json.dumps(document).encode(), signature)


def test_a_right_request_keeps_its_id_and_values() -> None:
    request = decoded({"id": "a", "inputs": [tensor()], "outputs": [{"name": "y"}]})
    assert request.id == "a"
    assert [(each.spec, each.shape, each.data) for each in request.inputs] == [(X, (1, 2), [1, 2.5])]
    assert request.outputs == (Wanted("y", binary=False),)


@pytest.mark.parametrize("element", ["{}", "0", '""', '{"a":0}', "[[]]"])
def test_many_values_in_little_json_are_refused_before_they_are_objects(element: str) -> None:
    body = ('{"inputs": [' + f"{element}," * (20 * 1024 * 1024 // (len(element) + 1)) + "{}]}").encode()
    found = refusal_of(decode_infer, body, ONE)
    assert "2000000 are read; send large tensors as bytes" in found.message
    assert found.reason == RequestReason.TOO_LARGE
    assert found.peak_bytes < 3 * len(body)


def test_a_tensor_of_a_million_values_may_be_json() -> None:
    wide = Signature(inputs=(X,), outputs=(Y,), limits={"x": (500_000, 2)})
    request = decoded({"inputs": [tensor(shape=[500_000, 2], data=[0.125] * 1_000_000)]}, wide)
    assert len(request.inputs[0].data) == 1_000_000


@given(st.lists(st.tuples(st.floats(-1e30, 1e30), st.floats(-1e30, 1e30)), min_size=1, max_size=8))
def test_nested_data_means_the_same_as_flat(rows: list[tuple[float, float]]) -> None:
    nested = decoded({"inputs": [tensor(shape=[len(rows), 2], data=rows)]})
    flat = decoded({"inputs": [tensor(shape=[len(rows), 2], data=[value for row in rows for value in row])]})
    assert nested == flat


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (None, "inputs = None must be a list"),
        ([], "lacks ['x']"),
        ([1], "inputs[0] = 1 must be an object"),
        ([tensor(name="z")], "inputs[0].name = 'z' must be one of ['x']"),
        ([tensor(), tensor()], "is given twice"),
        ([tensor(datatype="FP64")], "inputs[0].datatype = 'FP64' must be FP32"),
        ([tensor(shape=[1])], "has 1 dimensions, 2 are declared"),
        ([tensor(shape=[1, 3], data=[1, 2, 3])], "has 3 in dimension 1, 2 is declared"),
        ([tensor(shape=[0, 2], data=[])], "whole numbers from 1: an empty tensor asks nothing"),
        ([tensor(shape=[True, 2])], "whole numbers from 1"),
        ([tensor(shape="1,2")], "must be a list of whole numbers"),
        ([tensor(shape=[9, 2], data=[0] * 18)], "larger than this model's largest bucket, [8, 2]"),
        ([tensor(data=[1])], "1 values"),
        ([tensor(data=[[1], 2])], "mixes lists and values"),
        ([tensor(data=["1", 2])], "inputs[0].data = '1' must be a number"),
        ([tensor(data=[True, 2])], "must be a number"),
        ([tensor(data=[None, 2])], "must be a number"),
        ([tensor(data=[1e39, 2])], "does not fit FP32"),
        ([tensor(data={})], "must be a list of values"),
    ],
)
def test_a_wrong_input_is_named_with_its_value(inputs: object, words: str) -> None:
    with pytest.raises(Invalid) as fault:
        decoded({"inputs": inputs})
    assert fault.value.reason is RequestReason.MALFORMED
    assert words in str(fault.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"{",
        b"[]",
        b'{"inputs": [NaN]}',
        b'{"inputs": [' + b"1" * 5000 + b"]}",
        b"[" * 100_000,
        b'{"id": 3, "inputs": []}',
        b'{"id": "\\ud800", "inputs": []}',
    ],
)
def test_what_is_no_request_is_malformed(body: bytes) -> None:
    with pytest.raises(Invalid) as fault:
        decode_infer(body, ONE)
    assert fault.value.reason is RequestReason.MALFORMED
    assert "sys." not in str(fault.value)  # Python's own advice is for us, not for callers


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        decode_infer(body, ONE)


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, 1.5, True, "1"])
def test_a_whole_number_must_fit_its_type(value: object) -> None:
    given_n = {"name": "n", "shape": [1], "datatype": "INT32", "data": [value]}
    with pytest.raises(Invalid):
        decoded({"inputs": [tensor(), given_n]}, TWO)


def test_booleans_are_true_or_false_only() -> None:
    flag = Signature((TensorSpec(name="f", datatype=Datatype.BOOL, shape=(2,)),), (Y,), {"f": (2,)})
    good = {"inputs": [{"name": "f", "shape": [2], "datatype": "BOOL", "data": [True, False]}]}
    bad = {"inputs": [{"name": "f", "shape": [2], "datatype": "BOOL", "data": [1, 0]}]}
    assert [each.data for each in decoded(good, flag).inputs] == [[True, False]]
    with pytest.raises(Invalid, match="must be true or false"):
        decoded(bad, flag)


def test_text_that_nothing_can_encode_is_refused_before_a_worker_takes_it() -> None:
    text = Signature((TensorRow("text", "BYTES", (1,)),), (Y,), {"text": (1,)})
    given_text = {"name": "text", "shape": [1], "datatype": "BYTES"}
    assert decoded({"inputs": [{**given_text, "data": ["\U0001f600"]}]}, text).inputs[0].data == [
        "\U0001f600"
    ]
    with pytest.raises(Invalid, match="half a surrogate pair"):
        decoded({"inputs": [{**given_text, "data": ["a\ud800"]}]}, text)


def test_a_single_value_has_no_dimensions_and_one_value() -> None:
    single = Signature((TensorSpec(name="s", datatype=Datatype.FP32, shape=()),), (Y,), {"s": ()})
    good = {"name": "s", "shape": [], "datatype": "FP32", "data": [3.5]}
    (value,) = decoded({"inputs": [good]}, single).inputs
    assert (value.shape, value.data) == ((), [3.5])
    with pytest.raises(Invalid, match="0 values' do not fill shape"):
        decoded({"inputs": [{**good, "data": []}]}, single)


@pytest.mark.parametrize("datatype", ["BYTES", "INT16", "UINT16", "UINT32", "UINT64", "BF16"])
def test_a_type_that_paddle_cannot_carry_is_refused_with_the_reason(datatype: str) -> None:
    with pytest.raises(ValueError, match=r"a Paddle program takes no strings|: cast to"):
        TensorSpec.model_validate({"name": "x", "datatype": datatype, "shape": [1]})


@pytest.mark.parametrize("outputs", ["y", [{"name": "z"}], ["y"], [3]])
def test_an_unknown_output_is_refused(outputs: object) -> None:
    with pytest.raises(Invalid, match="outputs"):
        decoded({"inputs": [tensor()], "outputs": outputs})


def test_an_answer_names_model_version_and_id() -> None:
    y = {"name": "y", "data": [1.5]}
    data, json_bytes = encode_infer([y], model_name="m", model_version="1", request_id="a")
    assert json.loads(data) == {"model_name": "m", "model_version": "1", "id": "a", "outputs": [y]}
    assert json_bytes is None


def test_an_answer_that_json_cannot_carry_is_our_failure() -> None:
    with pytest.raises(Failed, match="NaN or infinity"):
        encode_infer([{"data": math.nan}], model_name="m", model_version="1", request_id=None)


def test_metadata_of_a_tensor_model_shows_its_signature() -> None:
    shown = model_metadata(tensor_manifest(), name="digits")
    assert shown == {
        "name": "digits",
        "versions": ["1.0"],
        "platform": "paddle_tensor",
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}],
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}],
    }


def test_limits_are_the_largest_buckets() -> None:
    assert signature_of(tensor_manifest()).limits == {"x": (8, 4)}


def test_an_ocr_model_takes_a_picture_and_gives_lines() -> None:
    manifest = open_bundle(builtin_path("ppocr-v4-mobile")).manifest
    assert model_metadata(manifest, name="ocr")["platform"] == "paddle_ocr"
    signature = signature_of(manifest)
    assert [row.name for row in (*signature.inputs, *signature.outputs)] == ["image", "lines"]
    assert signature.limits == {"image": (1,)}


@pytest.mark.parametrize("name", ["sequence_id", "sequence_start", "shared_memory_region", "classification"])
def test_parameters_whose_neglect_would_change_the_answer_are_refused(name: str) -> None:
    with pytest.raises(Invalid, match=f"parameters.{name} = 1 is not for here"):
        decoded({"inputs": [tensor()], "parameters": {name: 1}})
    with pytest.raises(Invalid, match=rf"outputs\[0\].parameters.{name}"):
        decoded({"inputs": [tensor()], "outputs": [{"name": "y", "parameters": {name: 1}}]})


def test_other_parameters_are_hints() -> None:
    hints = {"priority": 3, "timeout": 1000, "sequence_id": 0, "mine": "x"}
    assert decoded({"inputs": [tensor()], "parameters": hints}).parameters == hints
    with pytest.raises(Invalid, match="parameters = 3 must be an object"):
        decoded({"inputs": [tensor()], "parameters": 3})
