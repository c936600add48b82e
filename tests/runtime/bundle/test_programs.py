"""Programs that do more than compute are refused before any framework is given them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.bundle import programs
from paddle_runtime.bundle.fetch import FetchOptions, fetch
from paddle_runtime.bundle.make import write_manifest
from paddle_runtime.bundle.programs import BadProgram, check_program
from paddle_runtime.bundle.store import Bundle, builtin_path, open_bundle
from paddle_runtime.bundle.verify import verify
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.predictor.opening import open_session
from tests.runtime.bundle.builders import description, message, written

MAKE = Path(__file__).parent / "make_hostile.py"
RUN = """
import json, sys
from pathlib import Path
import numpy as np
from paddle_runtime.bundle.engine import Engine, Runner
from paddle_runtime.bundle.manifest import Module
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.predictor.engines import Program
from paddle_runtime.predictor.paddle import PaddleSession
program, params = map(Path, sys.argv[1:3])
outputs = json.loads(sys.argv[3])
module = Module.model_validate({
    "program": program.name, "params": params.name, "engine": "Plain", "buckets": [[1, 4]],
    "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}],
    "outputs": [{"name": name, "datatype": "FP32", "shape": [-1]} for name in outputs],
})
opened = Program(program, params, module.buckets)
session = PaddleSession(opened, module, Runner(Engine.PLAIN), DeviceSettings())
print(json.dumps([array.ravel().tolist() for array in session.run({"x": np.ones((1, 4), np.float32)})]))
"""
SECRET = b"not for callers"
OPERATORS = {
    "read_file": "read_file", "check_numerics": "check_numerics", "print": "print", "save": "save",
    "nested": "print", "looped": "print",
}  # fmt: skip
FORMS = [
    (name, form) for name in OPERATORS for form in ("pdmodel", "json") if (name, form) != ("save", "json")
]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of programs of Paddle's own making, with what they read and a folder for what they write."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "secret").write_bytes(SECRET)
    (folder / "written").mkdir()
    command = [sys.executable, str(MAKE), str(folder), str(folder / "written"), str(folder / "secret")]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    return folder


def bundle_of(folder: Path, program: Path, **changes: object) -> Bundle:
    """A bundle of task Tensor with that program and its weights."""
    folder.mkdir(parents=True)
    shutil.copyfile(program, folder / program.name)
    shutil.copyfile(program.with_name("model.pdiparams"), folder / "model.pdiparams")
    described = description()
    described["modules"]["model"] |= {"program": program.name, **changes}
    write_manifest(folder, described)
    return open_bundle(folder)


# What makes the rest of this file necessary


def test_paddle_itself_reads_writes_and_prints_what_a_program_says(hostile: Path) -> None:
    written = hostile / "written"

    def run(program: str) -> str:
        place = hostile / program
        names = json.dumps(output_names(place))
        command = [sys.executable, "-c", RUN, str(place), str(place.with_name("model.pdiparams")), names]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr

    assert json.loads(run("read_file/model.pdmodel").splitlines()[-1])[1] == list(SECRET)
    assert json.loads(run("read_file/model.json").splitlines()[-1])[1] == list(SECRET)
    run("save/model.pdmodel")
    assert (written / "saved").stat().st_size > 0
    run("check_numerics/model.json")
    assert [path.name for path in written.iterdir() if path.name.startswith("checked")]
    assert "a hostile message" in run("nested/model.pdmodel")
    assert run("looped/model.json").count("a hostile message") == 3


def output_names(program: Path) -> list[str]:
    """The plain one, and what the hostile operator made."""
    return program.with_name(f"{program.name}.outputs").read_text().splitlines()


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_a_program_that_does_more_than_compute_is_refused_wherever_it_comes_in(
    name: str, form: str, hostile: Path, tmp_path: Path
) -> None:
    bundle = bundle_of(tmp_path / "source" / "bad", hostile / name / f"model.{form}")
    options = FetchOptions(pvc_mount=bundle.path.parent)
    for refused in (
        lambda: verify(bundle),
        lambda: fetch("pvc://claim/bad", options, tmp_path / "into"),
        lambda: open_session(bundle, "model", DeviceSettings()),
    ):
        with pytest.raises(
            BundleFault, match=rf"model\.{form} has the operator '.*{OPERATORS[name]}'"
        ) as fault:
            refused()
        assert fault.value.reason is BundleReason.BundleInvalid
        assert "export the model again" in str(fault.value)
    assert not (tmp_path / "into" / "model.yaml").exists()


@pytest.mark.parametrize("form", ["pdmodel", "json"])
def test_the_same_program_without_them_is_served(form: str, hostile: Path, tmp_path: Path) -> None:
    program = hostile / "plain" / f"model.{form}"
    outputs = [{"name": output_names(program)[0], "datatype": "FP32", "shape": [-1, 4]}]
    bundle = bundle_of(tmp_path / "good", program, outputs=outputs)
    verify(bundle)
    open_session(bundle, "model", DeviceSettings())


@pytest.mark.parametrize("name", ["ppocr-v4-mobile", "ppocr-v4-mobile-onnx"])
def test_the_programs_that_are_built_in_pass(name: str) -> None:
    bundle = open_bundle(builtin_path(name))
    for module in bundle.manifest.modules.values():
        check_program(bundle.file(module.program or module.onnx or ""))


def test_a_program_under_the_suffix_of_something_else_is_refused(hostile: Path, tmp_path: Path) -> None:
    """Paddle reads a program of the new form from a file of any name, and text is not looked at for one."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copyfile(hostile / "print" / "model.json", home / "model.txt")
    shutil.copyfile(hostile / "print" / "model.pdiparams", home / "model.pdiparams")
    with pytest.raises(BundleFault, match=r"'model.txt', whose suffix must be .pdmodel or .json"):
        bundle_of(tmp_path / "bad", home / "model.txt")
    with pytest.raises(BadProgram, match="has another suffix"):
        check_program(home / "model.txt")


# Bytes that are no program


def block(*operators: bytes) -> bytes:
    return message(1, b"".join(message(4, operator) for operator in operators))


RELU = message(3, b"relu")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (block(message(3, b"relu"), message(3, b"no_such_operator")), "has the operator 'no_such_operator'"),
        (block(RELU) + block(message(3, b"py_func")), "has the operator 'py_func'"),
        (block(message(3, b"pd_op.print")), "has the operator 'pd_op.print'"),
        (block(message(3, b"relu") + message(3, b"save")), "an operator with 2 names"),
        (block(message(3, b"save") + message(3, b"relu")), "an operator with 2 names"),
        (block(b""), "an operator with 0 names"),
        (block(message(3, b"relu\0")), "has the operator 'relu"),
        (block(message(3, b"\xff\xfe")), "has the operator"),
        (block(message(3, b"relu"))[:-1], "longer than the message"),
        (block(RELU) + b"\x0b\x0c", "a field of an unknown form"),
        (block(RELU) + b"\x02\x00", "a field of number 0"),
        (block(RELU) + b"\x80" * 20, "a number without an end"),
        (b"", "is empty"),
    ],
)
def test_what_cannot_be_read_to_its_end_or_is_not_known_is_refused(
    data: bytes, words: str, tmp_path: Path
) -> None:
    with pytest.raises(BadProgram, match=words):
        check_program(written(tmp_path / "m.pdmodel", data))


def test_in_place_operators_are_those_they_are_named_after(tmp_path: Path) -> None:
    check_program(written(tmp_path / "m.json", document("1.relu_", "p", "0.combine", "2.yield")))
    with pytest.raises(BadProgram, match=r"has the operator 'pd_op\.print_'"):
        check_program(written(tmp_path / "m.json", document("1.print_")))


def document(*names: str, **more: Any) -> str:
    """A program of the new form, of operators without anything else."""
    operators = [{"#": name, **more} for name in names]
    return json.dumps({"base_code": {"magic": "pir"}, "program": regions(operators)})


def regions(operators: object) -> dict[str, Any]:
    return {"regions": [{"#": "region_0", "blocks": [{"#": "block_0", "args": [], "ops": operators}]}]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (document("1.relu", "1.print"), "has the operator 'pd_op.print'"),
        (document("1.relu").replace("1.relu", "\\u0031.print"), "has the operator 'pd_op.print'"),
        (document("1.if", regions=regions([{"#": "1.save_combine"}])["regions"]), "'pd_op.save_combine'"),
        (document("3.custom_op"), "has the operator '3.custom_op'"),
        (document("0.set_parameter"), "has the operator 'builtin.set_parameter'"),
        (document("pd_op.print"), "has the operator 'pd_op.print'"),
        (document("1.relu").replace('"#": "1.relu"', '"#": "1.print", "#": "1.relu"'), "a key twice"),
        (json.dumps({"base_code": {}}), "a program without a list of regions"),
        (json.dumps({"program": regions({"a": {"#": "1.print"}})}), "a block without a list of ops"),
        (json.dumps({"program": regions([["1.print"]])}), "an operator without a name"),
        (json.dumps({"program": regions([{"#": 1}])}), "an operator without a name"),
        (json.dumps({"program": {"regions": {}}}), "a program without a list of regions"),
        ('{"program": ' + "[" * 100_000, "cannot be read as JSON"),
        (document("1.relu") + "{}", "cannot be read as JSON"),
        ("\ufeff" + document("1.relu"), "cannot be read as JSON"),
        ("[]", "a program without a list of regions"),
        ('{"labels": []}', "a program without a list of regions"),
    ],
)
def test_the_new_form_is_read_as_paddle_reads_it_or_refused(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(BadProgram, match=words):
        check_program(written(tmp_path / "m.json", text))


@pytest.mark.parametrize("text", ["[]", '{"labels": ["a"]}', "{}"])
def test_json_beside_a_program_may_be_anything_but_one(text: str, tmp_path: Path) -> None:
    check_program(written(tmp_path / "m.json", text), certain=False)
    with pytest.raises(BadProgram, match="print"):
        check_program(written(tmp_path / "m.json", document("1.print")), certain=False)


@pytest.mark.parametrize("suffix", ["json", "pdmodel"])
def test_a_graph_beyond_all_is_not_read(suffix: str, tmp_path: Path) -> None:
    place = written(tmp_path / f"m.{suffix}", b"")
    os.truncate(place, programs.MAX_GRAPH_BYTES + 1)
    with pytest.raises(BadProgram, match="a program without its weights has 33554432 at most"):
        check_program(place)


@given(st.binary(max_size=200), st.sampled_from(["m.pdmodel", "m.json", "m.onnx"]))
def test_any_bytes_pass_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str
) -> None:
    place = written(tmp_path_factory.getbasetemp() / name, data)
    with contextlib.suppress(BadProgram):
        check_program(place)


@given(st.data())
def test_a_damaged_program_hides_no_operator(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """What is put in front of a hostile operator, or behind it, makes it no other."""
    around = st.lists(
        st.sampled_from([block(RELU), block(), message(4, b"\x08\x01"), message(9, b"abc")]), max_size=4
    )
    bad = block(RELU, message(1, b"x") + message(3, b"save") + message(4, b"\x0a\x01a"))
    program = b"".join([*data.draw(around), bad, *data.draw(around)])
    with pytest.raises(BadProgram, match="save"):
        check_program(written(tmp_path_factory.getbasetemp() / "m.pdmodel", program))
