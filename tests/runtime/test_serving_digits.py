"""`paddle-runtime serve` with the real Tensor model of examples/02, over /v2/models/NAME/infer."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.digits_models import EXAMPLE, train
from tests.runtime.serving.testbed import RunningServer, picture

# starting real models takes the processor's time, which a busy machine gives slowly
pytestmark = pytest.mark.timeout(300)
SERVE = (sys.executable, "-m", "paddle_runtime.main", "serve")
INFER = "/v2/models/digits/infer"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("digits")
    bundle = train(folder / "bundle")
    with RunningServer(folder, SERVE, model=bundle, model_name="digits") as running:
        yield running


@pytest.fixture(scope="module")
def request_body() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EXAMPLE / "request.json").read_text())
    return document


def test_digits_are_told_apart(server: RunningServer, request_body: dict[str, Any]) -> None:
    answer = server.client.post(INFER, json=request_body)
    document = answer.json()
    assert answer.status_code == 200, answer.text
    assert document["model_name"] == "digits"
    (output,) = document["outputs"][:1]
    rows, columns = output["shape"][0], output["shape"][-1]
    scores = [output["data"][row * columns : (row + 1) * columns] for row in range(rows)]
    guesses = [row.index(max(row)) for row in scores]
    assert guesses == json.loads((EXAMPLE / "expected.json").read_text())["digits"]


def test_tensors_sent_with_curls_own_type_are_read(
    server: RunningServer, request_body: dict[str, Any]
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = server.client.post(INFER, content=json.dumps(request_body), headers=headers)
    assert answer.status_code == 200, answer.text
    text = server.client.post(INFER, content="x", headers={"Content-Type": "text/plain"})
    assert (text.status_code, text.json()["reason"]) == (415, "unsupported_type")


def test_the_id_is_the_bodys_or_else_the_requests(
    server: RunningServer, request_body: dict[str, Any]
) -> None:
    own = server.client.post(INFER, json={**request_body, "id": "mine"})
    header = server.client.post(INFER, json=request_body, headers={"X-Request-Id": "theirs"})
    assert (own.json()["id"], header.json()["id"]) == ("mine", "theirs")


def test_metadata_names_inputs_and_outputs(server: RunningServer) -> None:
    document = server.get("/v2/models/digits").json()
    assert document["name"] == "digits"
    assert [each["name"] for each in document["inputs"]] == ["x"]
    assert document["inputs"][0]["datatype"] == "FP32"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"{}", b'{"inputs": []}', b'{"inputs": [{"name": "x"}]}', b"[" * 100_000]
    + [
        json.dumps({"inputs": [{"name": name, "shape": shape, "datatype": kind, "data": data}]}).encode()
        for name, shape, kind, data in (
            ("y", [1, 64], "FP32", [0.0] * 64),
            ("x", [1, 63], "FP32", [0.0] * 63),
            ("x", [1, 64], "FP32", [0.0] * 63),
            ("x", [1, 64], "INT8", [0] * 64),
            ("x", [1, 64], "FP32", ["a"] * 64),
            ("x", [100000, 64], "FP32", [0.0]),
        )
    ],
)
def test_wrong_tensors_are_4xx_and_cost_no_worker(server: RunningServer, body: bytes) -> None:
    before = server.workers()
    answer = server.client.post(INFER, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}, answer.text
    assert answer.json()["reason"] in {"malformed", "empty"}
    assert server.workers() == before


def test_a_picture_is_sent_elsewhere(server: RunningServer) -> None:
    answer = server.ocr(picture())
    assert (answer.status_code, answer.json()["reason"]) == (400, "wrong_task")
    assert INFER in answer.json()["error"]


def test_stages_of_a_tensor_request_are_counted(server: RunningServer, request_body: dict[str, Any]) -> None:
    server.client.post(INFER, json=request_body)
    samples = server.metrics()
    for stage in ("queue", "decode", "infer", "encode"):
        assert samples[f'paddle_runtime_stage_duration_seconds_count{{stage="{stage}"}}'] >= 1
