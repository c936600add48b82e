"""`paddle-runtime serve` with real models, asked by tritonclient over HTTP: JSON and binary, every type."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from tests.runtime.serving.programs import (
    DIGITS,
    SERVE,
    Arrays,
    digits_bundle,
    every_type,
    types_bundle,
)
from tests.runtime.serving.schemas import disagreements
from tests.runtime.serving.testbed import RunningServer

# starting real models takes the processor's time, which a busy machine gives slowly
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def types(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("types")
    with RunningServer(folder, SERVE, model=types_bundle(folder / "bundle")) as running:
        yield running


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("digits")
    with RunningServer(folder, SERVE, model=digits_bundle(folder / "bundle"), model_name="digits") as running:
        yield running


@pytest.fixture
def types_client(types: RunningServer) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(f"127.0.0.1:{types.port}") as client:
        yield client


@pytest.fixture
def digits_client(digits: RunningServer) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(f"127.0.0.1:{digits.port}") as client:
        yield client


def inputs_of(arrays: Arrays, *, binary: bool) -> list[triton.InferInput]:
    made = []
    for name, array in arrays.items():
        given = triton.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
        given.set_data_from_numpy(array, binary_data=binary and bool(array.shape))
        made.append(given)
    return made


@pytest.mark.parametrize("answer_binary", [True, False])
@pytest.mark.parametrize("send_binary", [True, False])
def test_every_type_goes_in_and_comes_out(
    types_client: triton.InferenceServerClient, send_binary: bool, answer_binary: bool
) -> None:
    arrays = every_type()
    names = [each["name"] for each in types_client.get_model_metadata("types")["outputs"]]
    wanted = [triton.InferRequestedOutput(name, binary_data=answer_binary) for name in names]
    # tritonclient writes no FP16 as JSON
    inputs = inputs_of({"in_float16": arrays["in_float16"]}, binary=True)
    inputs += inputs_of({k: v for k, v in arrays.items() if k != "in_float16"}, binary=send_binary)
    answer = types_client.infer("types", inputs, outputs=wanted)
    for name, array in zip(names, arrays.values(), strict=True):
        got = answer.as_numpy(name)
        if array.shape:
            assert got.dtype == array.dtype, name
            assert got.tolist() == array.tolist(), name
        else:
            assert (got.shape, float(got)) == ((), 7.0)


def test_only_the_outputs_asked_for_come_each_in_its_form(types_client: triton.InferenceServerClient) -> None:
    names = [each["name"] for each in types_client.get_model_metadata("types")["outputs"]]
    wanted = [
        triton.InferRequestedOutput(names[4], binary_data=True),
        triton.InferRequestedOutput(names[3], binary_data=False),
    ]
    answer = types_client.infer("types", inputs_of(every_type(), binary=True), outputs=wanted)
    told = answer.get_response()["outputs"]
    assert [(each["name"], "data" in each) for each in told] == [(names[3], True), (names[4], False)]
    assert answer.as_numpy(names[4]).tolist() == every_type()["in_int64"].tolist()


def test_digits_are_told_apart_in_both_forms(digits_client: triton.InferenceServerClient) -> None:
    (x,) = json.loads((DIGITS / "request.json").read_text())["inputs"]
    expected = json.loads((DIGITS / "expected.json").read_text())["digits"]
    array = np.array(x["data"], dtype=np.float32).reshape(x["shape"])
    for binary in (True, False):
        (given,) = inputs_of({"x": array}, binary=binary)
        answer = digits_client.infer("digits", [given], request_id="mine", timeout=5_000_000)
        (output,) = answer.get_response()["outputs"]
        assert answer.get_response()["id"] == "mine"
        assert answer.as_numpy(output["name"]).argmax(axis=1).tolist() == expected


def test_a_body_that_is_one_tensor_is_answered_in_bytes(digits: RunningServer) -> None:
    (x,) = json.loads((DIGITS / "request.json").read_text())["inputs"]
    body = np.array(x["data"], dtype="<f4").tobytes()
    headers = {"Inference-Header-Content-Length": "0", "Content-Type": "application/octet-stream"}
    answer = digits.client.post("/v2/models/digits/infer", content=body, headers=headers)
    json_bytes = int(answer.headers["inference-header-content-length"])
    (output,) = json.loads(answer.content[:json_bytes])["outputs"]
    scores = np.frombuffer(answer.content[json_bytes:], "<f4").reshape(output["shape"])
    assert answer.headers["content-type"] == "application/octet-stream"
    assert output["parameters"] == {"binary_data_size": scores.nbytes}
    expected = json.loads((DIGITS / "expected.json").read_text())["digits"]
    assert scores.argmax(axis=1).tolist() == expected


def test_the_servers_word_is_what_the_client_raises(digits_client: triton.InferenceServerClient) -> None:
    nan = np.full((1, 64), np.nan, dtype=np.float32)
    wrong = np.zeros((1, 63), dtype=np.float32)
    for array, words in ((nan, "input x = 'NaN' is no number"), (wrong, "has 63 in dimension 1")):
        with pytest.raises(InferenceServerException, match=words):
            digits_client.infer("digits", inputs_of({"x": array}, binary=True))
    with pytest.raises(InferenceServerException, match="no model 'other' here"):
        digits_client.infer("other", inputs_of({"x": wrong}, binary=True))


def test_what_the_client_asks_of_server_and_model(digits_client: triton.InferenceServerClient) -> None:
    assert digits_client.is_server_live()
    assert digits_client.is_server_ready()
    assert digits_client.is_model_ready("digits")
    assert not digits_client.is_model_ready("other")
    assert "binary_tensor_data" in digits_client.get_server_metadata()["extensions"]


@pytest.mark.parametrize("header", ["-1", "a", "1e3", "9" * 13, "99999"])
def test_a_header_that_is_no_length_is_malformed(digits: RunningServer, header: str) -> None:
    answer = digits.client.post(
        "/v2/models/digits/infer", content=b"{}", headers={"Inference-Header-Content-Length": header}
    )
    assert (answer.status_code, answer.json()["reason"]) == (400, "malformed")


def test_bytes_without_the_header_are_of_no_known_type(digits: RunningServer) -> None:
    headers = {"Content-Type": "application/octet-stream"}
    answer = digits.client.post("/v2/models/digits/infer", content=b"\0" * 256, headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (415, "unsupported_type")
    assert "Inference-Header-Content-Length" in answer.json()["error"]


def test_the_server_does_what_its_document_says(digits: RunningServer, tmp_path: Path) -> None:
    """A few examples of each operation; tests/long has many."""
    if told := disagreements(digits, tmp_path, examples=5):
        pytest.fail(told)
