"""`paddle-runtime export` from end to end, on real layers."""

from __future__ import annotations

import json
import os
import pickletools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from paddle_runtime.bundle.store import open_bundle
from paddle_runtime.bundle.verify import verify
from paddle_runtime.main import main
from paddle_runtime.pipeline import open_pipeline
from paddle_runtime.predictor.devices import DeviceSettings

# a run starts Paddle several times, which a busy machine does slowly
pytestmark = pytest.mark.timeout(300)
LAYERS = Path(__file__).with_name("layers.py")
LINE = LAYERS.read_text().splitlines().index("    if x.shape[-1] > LIMIT:") + 1
BRANCH = f"layers.py:{LINE}: if x.shape[-1] > LIMIT"


def run(name: str, into: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """The command in this process, which has Paddle already; its contestants are processes of their own."""
    told = into.with_name("told.json")
    with told.open("w") as file:
        ours = os.dup(1)
        os.dup2(file.fileno(), 1)
        try:
            command = ["export", f"{LAYERS}:{name}", "--into", str(into), "--repetitions", "2"]
            code = main([*command, "--output", "json", *arguments])
        finally:
            os.dup2(ours, 1)
            os.close(ours)
    (line,) = told.read_text().splitlines()
    told.unlink()
    document: dict[str, Any] = json.loads(line)
    assert document["exitCode"] == code
    return code, document


def test_a_branch_on_the_shape_ends_in_a_bundle_with_both_sides_alive(tmp_path: Path) -> None:
    code, document = run("ShapeBranch", tmp_path / "b", "--bucket", "1x3x8x32", "--bucket", "2x3x8x64")
    assert code == 0, document
    result = document["result"]
    assert result["branches"]["alive"] == [BRANCH]
    assert (result["form"], result["branches"]["conditionalsInProgram"]) == ("Legacy", 1)
    assert result["outputs"][0]["shape"] == [-1, 4]
    compared = result["comparison"]
    assert compared["inputs"] == ["1x3x8x32", "2x3x8x64"]
    assert {"dynamic", result["engine"]} <= compared["contestants"].keys()
    assert max(compared["contestants"][result["engine"]]["difference"]) < 1e-5
    assert "OpenVINO" in compared["out"]  # which knows no branch: seen, not assumed
    bundle = open_bundle(tmp_path / "b")
    verify(bundle)
    assert (bundle.digest, bundle.manifest.name) == (result["digest"], "shape-branch")
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    assert all(not is_pickle(path) for path in bundle.path.iterdir())


def test_the_onnx_form_keeps_the_branch_and_answers_as_the_layer_does(tmp_path: Path) -> None:
    arguments = ("--bucket", "1x3x8x32", "--bucket", "1x3x8x64", "--onnx")
    code, document = run("ShapeBranch", tmp_path / "b", *arguments)
    assert code == 0, document
    row = document["result"]["comparison"]["contestants"]["OnnxRuntime"]
    assert len(row["difference"]) == 2
    assert max(row["difference"]) < 1e-5
    module = open_bundle(tmp_path / "b").manifest.modules["model"]
    assert (module.program, module.onnx) == ("model.pdmodel", "model.onnx")


def is_pickle(path: Path) -> bool:
    try:
        list(pickletools.genops(path.read_bytes()))
    except Exception:
        return False
    return True


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("fixed") / "b"
    code, document = run("Fixed", into, "--bucket", "1x3x8x32", "--allow-untaken")
    assert code == 0, document
    assert document["result"]["branches"] == {
        "alive": [],
        "leftOut": [BRANCH],
        "conditionalsInProgram": 0,
    }
    return into


def test_without_a_branch_every_engine_answers_as_the_layer_does(fixed: Path) -> None:
    module = open_bundle(fixed).manifest.modules["model"]
    assert module.inputs[0].shape == (-1, 3, 8, 32)


def test_a_changed_weight_is_caught_by_the_bundles_own_self_test(fixed: Path) -> None:
    manifest = yaml.safe_load((fixed / "model.yaml").read_text())
    (told,) = manifest["selfTest"][0]["outputs"]
    assert told["tolerance"] == pytest.approx(1e-3 * max(map(abs, told["data"])))
    pipeline = open_pipeline(open_bundle(fixed), DeviceSettings())
    pipeline.self_test()
    assert np.ptp(told["data"]) > 10 * told["tolerance"]  # one class told for another would be seen


@pytest.mark.parametrize(
    ("name", "arguments", "code", "reason", "words"),
    [
        ("Missing", (), 30, "SourceInvalid", "has no 'Missing'"),
        ("ShapeBranch", (), 31, "InputInvalid", "at least one --bucket is needed"),
        ("ShapeBranch", ("--bucket", "1x3x8x32"), 32, "BranchNotTaken", "add --bucket 1x3x8x41"),
        ("Fixed", ("--bucket", "1x3x8x32"), 33, "BranchDropped", "rules it out"),
        (
            "Escaped",
            ("--bucket", "1x3x8x32", "--bucket", "1x3x8x64"),
            33,
            "BranchDropped",
            "no branch at all",
        ),
        ("Weightless", ("--bucket", "1x3x8x32"), 35, "ProgramFailed", "the layer has no weights"),
        (
            "ValueBranch",
            ("--bucket", "1x3x8x32", "--onnx"),
            36,
            "OnnxFailed",
            "aborted with SIGABRT: [ERROR]",
        ),
        ("Random", ("--bucket", "1x3x8x32"), 34, "OutputDiffers", "Is the layer random"),
    ],
)
def test_what_cannot_be_exported_leaves_nothing_behind(
    name: str, arguments: tuple[str, ...], code: int, reason: str, words: str, tmp_path: Path
) -> None:
    ended, document = run(name, tmp_path / "b", *arguments)
    assert (ended, document["reason"]) == (code, reason)
    assert words in document["message"]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    ended, document = run("ShapeBranch", tmp_path, "--bucket", "1x3x8x32")
    assert (ended, document["reason"]) == (31, "InputInvalid")
    assert "not empty" in document["message"]


def test_operators_that_the_legacy_form_lacks_are_written_and_answer_alike(tmp_path: Path) -> None:
    code, document = run(
        "Operators",
        tmp_path / "b",
        *("--input", "a=FP32[-1,4]", "--input", "b=INT64[-1]"),
        *("--bucket", "a=2x4,b=3", "--bucket", "a=5x4,b=1", "--range", "b=0,9", "--name", "ops"),
    )
    assert code == 0, document
    result = document["result"]
    assert result["form"] == "Legacy"
    assert {"OpenVINO", "OneDNN", "Plain"} <= result["comparison"]["contestants"].keys() | result[
        "comparison"
    ]["out"].keys()
    assert [each["datatype"] for each in result["outputs"]] == ["FP32", "FP32", "BOOL"]
    assert [each["shape"] for each in result["outputs"]] == [[-1, -1], [-1, 4], [-1]]
