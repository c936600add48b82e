"""What a program takes and gives, against what Paddle and hand-written manifests say of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.bundle.bare.program import read_program
from paddle_runtime.bundle.programs import BadProgram
from paddle_runtime.bundle.signature import NUMPY_NAMES, Datatype
from paddle_runtime.bundle.store import builtin_path, open_bundle
from paddle_runtime.predictor import libpaddle
from paddle_runtime.predictor.devices import Device

SCRIPTS = Path(__file__).parents[2] / "pipeline"
OCR = builtin_path("ppocr-v4-mobile")


def made(script: str, folder: Path, *, new_form: bool) -> Path:
    environment = {**os.environ, "FLAGS_enable_pir_api": str(int(new_form)), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(SCRIPTS / script), str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder / ("model.json" if new_form else "model.pdmodel")


def asked(program: Path) -> tuple[list[str], list[str]]:
    """Names of inputs and outputs, as Paddle tells them."""
    config = libpaddle.load(Device.CPU).AnalysisConfig(str(program), str(program.with_suffix(".pdiparams")))
    config.disable_glog_info()
    config.disable_onednn()
    config.enable_new_ir(program.suffix == ".json")
    if program.suffix == ".json":
        config.enable_new_executor(True)
    predictor = libpaddle.load(Device.CPU).create_predictor(config)
    return predictor.get_input_names(), predictor.get_output_names()


@pytest.mark.parametrize("new_form", [False, True], ids=["pdmodel", "json"])
def test_both_forms_tell_names_types_and_shapes_as_paddle_does(new_form: bool, tmp_path: Path) -> None:
    path = made("make_program.py", tmp_path, new_form=new_form)
    program = read_program(path.name, path.read_bytes())
    inputs, outputs = asked(path)
    assert [spec.name for spec in program.inputs] == inputs == ["a", "b"]
    assert [spec.name for spec in program.outputs] == outputs
    assert [spec.shape for spec in program.inputs] == [(-1, 3)] * 2
    assert [spec.datatype for spec in program.inputs] == [Datatype.FP32, Datatype.INT64]
    assert [spec.datatype for spec in program.outputs] == [Datatype.FP32, Datatype.INT64, Datatype.BOOL]
    assert [spec.shape for spec in program.outputs] == [(-1, 3)] * 3
    assert program.paddle_version == ("unknown" if new_form else libpaddle.paddle_version())


@pytest.mark.parametrize("new_form", [False, True], ids=["pdmodel", "json"])
def test_every_type_is_told_and_a_single_value(new_form: bool, tmp_path: Path) -> None:
    path = made("make_types.py", tmp_path, new_form=new_form)
    program = read_program(path.name, path.read_bytes())
    told = {spec.name: (spec.datatype, spec.shape) for spec in program.inputs}
    wanted = {f"in_{numpy_name}": (datatype, (-1, 2)) for datatype, numpy_name in NUMPY_NAMES.items()}
    assert told == {**wanted, "in_single": (Datatype.FP32, ())}


@pytest.mark.parametrize("module", ["detect", "orient", "recognise"])
def test_published_programs_tell_what_their_manifest_was_written_with(module: str) -> None:
    manifest = open_bundle(OCR).manifest.modules[module]
    path = OCR / (manifest.program or "")
    program = read_program(path.name, path.read_bytes())
    assert [spec.name for spec in program.inputs] == [spec.name for spec in manifest.inputs]
    assert [spec.name for spec in program.outputs] == [spec.name for spec in manifest.outputs]
    for ours, theirs in zip(program.inputs, manifest.inputs, strict=True):
        assert ours.datatype == theirs.datatype
        assert len(ours.shape) == len(theirs.shape)
    assert program.outputs[0].shape[-1] == manifest.outputs[0].shape[-1]


@given(st.integers(0, 1 << 30), st.binary(max_size=8))
def test_a_damaged_program_is_refused_and_nothing_else_happens(place: int, damage: bytes) -> None:
    data = (OCR / "orient" / "inference.pdmodel").read_bytes()[:20_000]
    at = place % len(data)
    with pytest.raises(BadProgram):
        read_program("inference.pdmodel", data[:at] + damage)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"program": {"regions": [{"blocks": [{"ops": []}]}]}}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_program_of_the_new_form_is_refused(data: bytes) -> None:
    with pytest.raises(BadProgram):
        read_program("inference.json", data)
