"""The Tensor pipeline on real programs, exported in a process of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from paddle_runtime.bundle.engine import Engine
from paddle_runtime.bundle.make import write_manifest
from paddle_runtime.bundle.paths import MANIFEST_NAME
from paddle_runtime.bundle.signature import NUMPY_NAMES, Datatype
from paddle_runtime.bundle.store import open_bundle
from paddle_runtime.bundle.verify import verify
from paddle_runtime.errors import BundleFault, BundleReason, Failed
from paddle_runtime.pipeline import Pipeline, open_pipeline
from paddle_runtime.pipeline.base import Arrays
from paddle_runtime.pipeline.selftest import difference
from paddle_runtime.pipeline.tensor import TensorPipeline
from paddle_runtime.pipeline.values import to_array
from paddle_runtime.predictor import libpaddle
from paddle_runtime.predictor.devices import Device, DeviceSettings
from paddle_runtime.predictor.session import Array
from tests.digits_models import EXAMPLE, train
from tests.runtime.bundle.builders import small_bundle

HERE = Path(__file__).parent
INPUT_ORDER = [
    *(f"in_{kind}" for kind in ("bool", "uint8", "int8", "int32", "int64", "float16", "float32", "float64")),
    "in_single",
]
KINDS = {"float": "FP32", "int": "INT64", "bool": "BOOL"}


def run_script(script: Path, *args: str, pir: str) -> None:
    env = {**os.environ, "FLAGS_enable_pir_api": pir, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, str(script), *args], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


def three_outputs(folder: Path, engine: str, pir: str) -> Pipeline[Arrays, Arrays]:
    folder.mkdir()
    run_script(HERE / "make_program.py", str(folder), pir=pir)
    for extra in folder.glob("*.info"):
        extra.unlink()
    program = "model.json" if pir == "1" else "model.pdmodel"
    core = libpaddle.load(Device.CPU)
    config = core.AnalysisConfig(str(folder / program), str(folder / "model.pdiparams"))
    config.disable_glog_info()
    names = core.create_predictor(config).get_output_names()
    write_manifest(folder, describe(program, engine, names))
    return open_pipeline(open_bundle(folder), DeviceSettings())


def describe(program: str, engine: str, names: list[str]) -> dict[str, Any]:
    a = {"name": "a", "datatype": "FP32", "shape": [-1, 3]}
    b = {"name": "b", "datatype": "INT64", "shape": [-1, 3]}
    test = {
        "inputs": [{**a, "shape": [1, 3], "data": [1, 2, 3]}, {**b, "shape": [1, 3], "data": [1, 1, 9]}],
        "outputs": [
            {"name": names[0], "datatype": "FP32", "shape": [1, 3], "data": [3, 5, 15]},
            {"name": names[1], "datatype": "INT64", "shape": [1, 3], "data": [3, 3, 27]},
            {"name": names[2], "datatype": "BOOL", "shape": [1, 3], "data": [False, True, False]},
        ],
    }
    outputs = [
        {"name": name, "datatype": kind, "shape": [-1, 3]}
        for name, kind in zip(names, KINDS.values(), strict=True)
    ]
    module = {
        "program": program,
        "params": "model.pdiparams",
        "engine": engine,
        "inputs": [a, b],
        "outputs": outputs,
        "buckets": [{"a": [rows, 3], "b": [rows, 3]} for rows in (1, 4)],
    }
    start: dict[str, Any] = {"name": "three", "version": "1", "task": "Tensor", "paddleVersion": "3.2.2"}
    return {**start, "modules": {"model": module}, "selfTest": [test]}


@pytest.mark.parametrize(("engine", "pir"), [("Plain", "0"), ("OneDNN", "1")])
def test_several_inputs_and_outputs_of_several_types(engine: str, pir: str, tmp_path: Path) -> None:
    pipeline = three_outputs(tmp_path / "three", engine, pir)
    pipeline.self_test()
    assert pipeline.warm_up(lambda what, share: None) == 2
    a = np.array([[0.5, 1, 1.5], [2, 2.5, 9]], dtype=np.float32)
    b = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.int64)
    answer = pipeline.run("infer", {"b": b, "a": a}, {})
    sums, products, greater = answer.body.values()
    assert sums.tolist() == [[2, 4, 6], [8, 10, 24]]
    assert products.tolist() == [[3, 6, 9], [12, 15, 18]]
    assert greater.tolist() == [[False, False, False], [False, False, True]]
    assert [array.dtype.name for array in answer.body.values()] == ["float32", "int64", "bool"]
    assert set(answer.stages) == {"infer"}


def test_every_type_that_is_served_and_a_single_value_go_in_and_come_out(tmp_path: Path) -> None:
    run_script(HERE / "make_types.py", str(tmp_path), pir="0")
    core = libpaddle.load(Device.CPU)
    config = core.AnalysisConfig(str(tmp_path / "model.pdmodel"), str(tmp_path / "model.pdiparams"))
    config.disable_glog_info()
    names = core.create_predictor(config).get_output_names()
    rows = [(f"in_{NUMPY_NAMES[kind]}", kind.value, [-1, 2]) for kind in Datatype] + [
        ("in_single", "FP32", [])
    ]
    rows.sort(key=lambda row: INPUT_ORDER.index(row[0]))
    inputs = [{"name": name, "datatype": kind, "shape": shape} for name, kind, shape in rows]
    outputs = [{**each, "name": name} for each, name in zip(inputs, names, strict=True)]
    bucket = {name: [1, 2] if shape else [] for name, _, shape in rows}
    files = {"program": "model.pdmodel", "params": "model.pdiparams", "engine": "Plain"}
    module = {**files, "inputs": inputs, "outputs": outputs, "buckets": [bucket]}
    start = {"name": "types", "version": "1", "task": "Tensor", "paddleVersion": "3.2.2"}
    write_manifest(tmp_path, {**start, "modules": {"model": module}})
    pipeline = open_pipeline(open_bundle(tmp_path), DeviceSettings())
    assert pipeline.warm_up(lambda what, share: None) == 1
    given = {
        name: to_array(Datatype(kind), [1, 2] if shape else [], [0, 1] if shape else [3.5])
        for name, kind, shape in rows
    }
    *many, single = pipeline.run("infer", given, {}).body.values()
    assert [each.dtype for each in many] == [given[name].dtype for name, _, _ in rows[:-1]]
    assert [each.tolist() for each in many[1:]] == [[[0, 1]]] * (len(many) - 1)
    assert (single.shape, float(single)) == ((), 7.0)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("digits") / "bundle")


@pytest.mark.parametrize("engine", [Engine.OPENVINO, Engine.ONEDNN, Engine.PLAIN])
def test_the_digits_example_answers_rightly_on_every_engine(
    engine: Engine, digits: Path, tmp_path: Path
) -> None:
    verify(open_bundle(digits))
    shutil.copytree(digits, tmp_path, dirs_exist_ok=True)
    described = yaml.safe_load((digits / MANIFEST_NAME).read_text())
    described["modules"]["model"]["engine"] = engine.value
    write_manifest(tmp_path, described)
    bundle = open_bundle(tmp_path)
    pipeline = open_pipeline(bundle, DeviceSettings())
    pipeline.self_test()
    (x,) = json.loads((EXAMPLE / "request.json").read_text())["inputs"]
    given = {"x": np.array(x["data"], dtype=np.float32).reshape(x["shape"])}
    (scores,) = pipeline.run("infer", given, {}).body.values()
    assert scores.argmax(axis=1).tolist() == json.loads((EXAMPLE / "expected.json").read_text())["digits"]


def test_a_self_test_that_differs_tells_the_figures(digits: Path, tmp_path: Path) -> None:
    for path in digits.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    weights = bytearray((tmp_path / "inference.pdiparams").read_bytes())
    weights[-6000:-3000] = bytes(3000)
    (tmp_path / "inference.pdiparams").write_bytes(bytes(weights))
    write_manifest(tmp_path)
    with pytest.raises(
        BundleFault, match=r"selfTest\[0\]: output softmax.* differs by .*, allowed is 0.001"
    ) as fault:
        open_pipeline(open_bundle(tmp_path), DeviceSettings()).self_test()
    assert fault.value.reason is BundleReason.SelfTestFailed


def test_not_a_number_never_passes() -> None:
    wanted = np.zeros(3, dtype=np.float32)
    got = np.array([0, np.nan, 0], dtype=np.float32)
    assert "value 1 is nan" in (difference("y", wanted, got, 1e9) or "")


def test_another_shape_never_passes() -> None:
    assert "has shape None" in (difference("y", np.zeros(3), None, 1.0) or "")
    assert difference("y", np.zeros(0), np.zeros(0), 0) is None


class Broken:
    """A session whose program raises."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def run(self, inputs: object) -> list[Array]:
        raise self._error

    def run_one(self, array: Array) -> Array:
        raise self._error


@pytest.mark.parametrize(
    ("error", "seen"),
    [
        (ValueError("InvalidArgumentError"), Failed),
        (OSError("CUDA error"), OSError),
        (SystemError(), SystemError),
    ],
)
def test_refused_tensors_are_told_from_a_broken_device(
    error: Exception, seen: type[Exception], tmp_path: Path
) -> None:
    pipeline = TensorPipeline(small_bundle(tmp_path / "small"), Broken(error))
    with pytest.raises(seen):
        pipeline.run("infer", {}, {})
