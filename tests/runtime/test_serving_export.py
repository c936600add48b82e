"""The layer of examples/12-export, exported and served: both sides of its branch answer as the layer does."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paddle_runtime.export.framework import paddle
from paddle_runtime.export.layer import Dynamic, own_inputs
from paddle_runtime.export.source import Source, build_layer
from tests.runtime.serving.testbed import RunningServer

# an export and a server start Paddle several times, which a busy machine does slowly
pytestmark = pytest.mark.timeout(400)
EXAMPLE = Path(__file__).parents[2] / "examples" / "12-export"
LAYER = str(EXAMPLE / "doc_recognizer.py")
LINE = Path(LAYER).read_text().splitlines().index("        if x.shape[-1] > WIDEST:") + 1
BRANCH = f"doc_recognizer.py:{LINE}: if x.shape[-1] > WIDEST"
SERVE = (sys.executable, "-m", "paddle_runtime.main", "serve")


def request(width: int) -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location("export_request", EXAMPLE / "request.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    document: dict[str, Any] = module.request(width)
    return document


def exported(into: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "paddle_runtime.main", "export", f"{LAYER}:DocRecognizer"]
    command += ["--into", str(into), "--repetitions", "2", "--output", "json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)["result"]
    return document


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("export")
    result = exported(folder / "doc", "--bucket", "1x3x48x320", "--bucket", "1x3x48x1600")
    assert result["branches"]["alive"] == [BRANCH]
    with RunningServer(folder, SERVE, model=folder / "doc") as running:
        yield running


@pytest.fixture(scope="module")
def layer() -> Dynamic:
    built = build_layer(Source(LAYER, "DocRecognizer"))
    return Dynamic(built, own_inputs(built))


@pytest.mark.parametrize("width", [320, 1000, 1001, 1600])
def test_both_sides_of_the_branch_are_served_as_the_layer_answers(
    width: int, server: RunningServer, layer: Dynamic
) -> None:
    asked = request(width)
    answer = server.client.post("/v2/models/doc-recognizer/infer", json=asked)
    assert answer.status_code == 200, answer.text
    (sent,) = asked["inputs"]
    x = np.array(sent["data"], dtype=np.float32).reshape(sent["shape"])
    (wanted,) = layer.run({"x": x})
    (output,) = answer.json()["outputs"]
    got = np.array(output["data"]).reshape(output["shape"])
    largest = float(np.abs(wanted).max())
    assert got.shape == wanted.shape
    assert float(np.abs(got - wanted).max()) <= 1e-3 * largest
    # what the test is about: without the branch the answer would be another
    if width > 1000:
        layer_without = float(np.abs(backbone_alone(x) - wanted).max())
        assert layer_without > 1e-2 * largest


def backbone_alone(x: Any) -> Any:
    built = build_layer(Source(LAYER, "DocRecognizer"))
    with paddle.no_grad():
        return built.backbone(paddle.to_tensor(x)).numpy()


def test_a_picture_beyond_the_largest_bucket_is_refused(server: RunningServer) -> None:
    answer = server.client.post("/v2/models/doc-recognizer/infer", json=request(1601))
    assert (answer.status_code, answer.json()["reason"]) == (400, "malformed")


def test_a_bundle_of_a_fixed_shape_refuses_what_its_program_would_answer_wrongly(tmp_path: Path) -> None:
    result = exported(
        tmp_path / "doc", "--input", "x=FP32[1,3,48,320]", "--allow-untaken", "--name", "narrow"
    )
    assert result["branches"]["leftOut"] == [BRANCH]
    with RunningServer(tmp_path, SERVE, model=tmp_path / "doc") as server:
        narrow = server.client.post("/v2/models/narrow/infer", json=request(320))
        wide = server.client.post("/v2/models/narrow/infer", json=request(1600))
    assert narrow.status_code == 200, narrow.text
    assert (wide.status_code, wide.json()["reason"]) == (400, "malformed")
    assert "320 is declared" in wide.json()["error"]
