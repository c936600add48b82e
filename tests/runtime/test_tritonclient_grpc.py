"""`paddle-runtime serve` with real models, asked by tritonclient over gRPC: raw and typed, every type."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc as triton
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from tests.runtime.serving.programs import DIGITS, SERVE, digits_bundle, every_type, types_bundle
from tests.runtime.serving.testbed import RunningServer, free_port

# starting real models takes the processor's time, which a busy machine gives slowly
pytestmark = pytest.mark.timeout(300)
TYPED = {
    "BOOL": "bool_contents",
    "UINT8": "uint_contents",
    "INT8": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
}


@pytest.fixture(scope="module")
def types(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("types")
    bundle = types_bundle(folder / "bundle")
    with RunningServer(folder, SERVE, model=bundle, grpc_port=free_port()) as running:
        yield running


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("digits")
    bundle = digits_bundle(folder / "bundle")
    with RunningServer(folder, SERVE, model=bundle, model_name="digits", grpc_port=free_port()) as running:
        yield running


@pytest.fixture
def types_client(types: RunningServer) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(types.grpc_address) as client:
        yield client


@pytest.fixture
def digits_client(digits: RunningServer) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(digits.grpc_address) as client:
        yield client


def inputs_of(arrays: dict[str, np.ndarray[Any, Any]]) -> list[triton.InferInput]:
    made = []
    for name, array in arrays.items():
        given = triton.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
        given.set_data_from_numpy(array)
        made.append(given)
    return made


def output_names(client: triton.InferenceServerClient) -> list[str]:
    return [each.name for each in client.get_model_metadata("types").outputs]


def test_every_type_goes_in_and_comes_out(types_client: triton.InferenceServerClient) -> None:
    arrays = every_type()
    answer = types_client.infer("types", inputs_of(arrays))
    for name, array in zip(output_names(types_client), arrays.values(), strict=True):
        got = answer.as_numpy(name)
        if array.shape:
            assert (got.dtype, got.tolist()) == (array.dtype, array.tolist()), name
        else:
            assert (got.shape, float(got)) == ((), 7.0)


def test_typed_contents_mean_the_same_and_fp16_must_be_raw(types: RunningServer) -> None:
    request = service_pb2.ModelInferRequest(model_name="types", id="typed")
    for name, array in every_type().items():
        datatype = np_to_triton_dtype(array.dtype)
        tensor = request.inputs.add(name=name, datatype=datatype, shape=array.shape)
        if datatype in TYPED:
            getattr(tensor.contents, TYPED[datatype]).extend(array.ravel().tolist())
    with triton.InferenceServerClient(types.grpc_address) as client:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(client._channel)
        with pytest.raises(Exception, match="'FP16' has no field of its own: send raw_input_contents"):
            stub.ModelInfer(request)
        for tensor, array in zip(request.inputs, every_type().values(), strict=True):
            tensor.ClearField("contents")
            request.raw_input_contents.append(array.tobytes())
        answer = stub.ModelInfer(request)
    assert answer.id == "typed"
    assert answer.raw_output_contents[4] == every_type()["in_int64"].tobytes()


def test_only_the_outputs_asked_for_come(types_client: triton.InferenceServerClient) -> None:
    name = output_names(types_client)[3]
    wanted = [triton.InferRequestedOutput(name)]
    answer = types_client.infer("types", inputs_of(every_type()), outputs=wanted, request_id="one")
    assert [each.name for each in answer.get_response().outputs] == [name]
    assert answer.get_response().id == "one"
    assert answer.as_numpy(name).tolist() == every_type()["in_int32"].tolist()


def test_digits_are_told_apart(digits_client: triton.InferenceServerClient) -> None:
    (x,) = json.loads((DIGITS / "request.json").read_text())["inputs"]
    array = np.array(x["data"], dtype=np.float32).reshape(x["shape"])
    answer = digits_client.infer("digits", inputs_of({"x": array}), client_timeout=20)
    (name,) = (each.name for each in answer.get_response().outputs)
    assert (
        answer.as_numpy(name).argmax(axis=1).tolist()
        == json.loads((DIGITS / "expected.json").read_text())["digits"]
    )


def test_what_the_client_asks_of_server_and_model(digits_client: triton.InferenceServerClient) -> None:
    assert digits_client.is_server_live()
    assert digits_client.is_server_ready()
    assert digits_client.is_model_ready("digits")
    assert digits_client.get_server_metadata().name == "paddle-runtime"
    model = digits_client.get_model_metadata("digits", as_json=True)
    assert (model["name"], model["inputs"][0]["name"], model["inputs"][0]["datatype"]) == (
        "digits",
        "x",
        "FP32",
    )
    for ask in (digits_client.is_model_ready, digits_client.get_model_metadata):
        with pytest.raises(InferenceServerException, match="no model 'other' here") as fault:
            ask("other")
        assert fault.value.status() == "StatusCode.NOT_FOUND"


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.full((1, 64), np.nan, dtype=np.float32), "input x = 'NaN' is no number"),
        (np.zeros((1, 63), dtype=np.float32), "has 63 in dimension 1"),
        (np.zeros((1, 64), dtype=np.int32), "must be FP32"),
    ],
)
def test_wrong_tensors_are_invalid_arguments(
    digits_client: triton.InferenceServerClient, array: np.ndarray[Any, Any], words: str
) -> None:
    with pytest.raises(InferenceServerException, match=words) as fault:
        digits_client.infer("digits", inputs_of({"x": array}))
    assert fault.value.status() == "StatusCode.INVALID_ARGUMENT"


def test_another_version_is_not_found(digits_client: triton.InferenceServerClient) -> None:
    zeros = inputs_of({"x": np.zeros((1, 64), dtype=np.float32)})
    version = digits_client.get_model_metadata("digits").versions[0]
    assert digits_client.infer("digits", zeros, model_version=version)
    with pytest.raises(InferenceServerException, match="no version '99'"):
        digits_client.infer("digits", zeros, model_version="99")
