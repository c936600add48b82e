"""model.yaml: what is taken, and how a mistake is told."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from paddle_runtime.bundle.engine import Device
from paddle_runtime.bundle.manifest import (
    MANIFEST_MAX_BYTES,
    Manifest,
    Module,
    digest_of,
    parse_manifest,
)
from paddle_runtime.bundle.paths import ALLOWED_SUFFIXES, unsafe_path
from paddle_runtime.bundle.signature import TensorSpec, bucket_problem, largest
from paddle_runtime.bundle.store import builtin_path, open_bundle
from paddle_runtime.errors import BundleFault, BundleReason
from tests.runtime.bundle.builders import ENDLESS, FILES, description, entry


def written(**changes: object) -> bytes:
    files = {name: entry(data) for name, data in FILES.items()}
    return yaml.safe_dump({**description(files=files), **changes}).encode()


def problem_of(data: bytes) -> str:
    with pytest.raises(BundleFault) as fault:
        parse_manifest(data)
    assert fault.value.reason is BundleReason.BundleInvalid
    return str(fault.value)


def module(**changes: object) -> dict[str, Any]:
    return {"model": {**description()["modules"]["model"], **changes}}


def parsed_module(**changes: object) -> Module:
    return Module.model_validate(module(**changes)["model"])


def test_a_right_manifest_is_read_whole() -> None:
    manifest = parse_manifest(written())
    assert manifest.name == "small"
    assert manifest.modules["model"].shapes() == ((1, 4), (8, 4))
    assert manifest.size_bytes == sum(len(data) for data in FILES.values())


def test_a_manifest_is_frozen_to_its_depth() -> None:
    manifest = parse_manifest(written())
    with pytest.raises(ValidationError, match="frozen"):
        manifest.name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError, match="mappingproxy"):
        manifest.files["x"] = manifest.files["model.pdmodel"]  # type: ignore[index]


def test_what_was_read_can_be_written_and_read_again() -> None:
    for manifest in (parse_manifest(written()), open_bundle(builtin_path("ppocr-v4-mobile")).manifest):
        again = yaml.safe_dump(manifest.model_dump(mode="json", by_alias=True)).encode()
        assert parse_manifest(again) == manifest


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "Big Name"}, "name = 'Big Name'"),
        ({"task": "Translate"}, "task = 'Translate'"),
        ({"format": "paddle-sla-bundle/2"}, "format = 'paddle-sla-bundle/2'"),
        ({"paddleVersion": "latest"}, "paddleVersion = 'latest'"),
        ({"surprise": 1}, "surprise = 1"),
        ({"version": 1.0}, "version = 1.0"),
        ({"modules": {}}, "modules = {}"),
        ({"modules": {"detect": description()["modules"]["model"]}}, "task Tensor has modules ['model']"),
        ({"task": "OCR"}, "task OCR has modules ['detect', 'orient', 'recognise']"),
        ({"modules": module(program="other.pdmodel")}, "modules.model names 'other.pdmodel'"),
        ({"modules": module(engine="Caffe")}, "modules.model.engine = 'Caffe'"),
        ({"modules": module(engine="TensorRT")}, "TensorRT does not run on CPU; there is OpenVINO, "),
        ({"modules": module(engine="OnnxRuntime")}, "name its file as 'onnx'"),
        ({"modules": module(params=None)}, "program and params are named together"),
        ({"modules": module(program=None, params=None)}, "'program' with 'params', or 'onnx'"),
        ({"modules": module(program=None, params=None, onnx="m.onnx")}, "take OnnxRuntime"),
        ({"modules": module(engine=None, precision="BFloat16")}, "needs an engine beside it"),
        ({"modules": module(precision="BFloat16")}, "Plain BFloat16 does not run on CPU"),
        ({"modules": module(devices={"CPU": {"engine": "Plain"}})}, "written as 'engine' and 'precision'"),
        ({"modules": module(devices={"NPU": {"engine": "OneDNN"}})}, "OneDNN does not run on NPU"),
        ({"paddleVersion": None}, "paddleVersion must say which Paddle exported the programs"),
        ({"modules": module(buckets=[[1, 5]])}, "has 5 in dimension 1, 4 is declared"),
        ({"modules": module(buckets=[[1, -1]])}, "modules.model.buckets"),
        ({"modules": module(buckets=[])}, "modules.model.buckets"),
        ({"modules": module(buckets=[{"z": [1, 4]}])}, "names inputs ['z'], declared are ['x']"),
        ({"files": {"../x.txt": entry(b"")}}, "without '..'"),
        ({"files": {"a.pkl": entry(b"")}}, "never pickles or code"),
        ({"files": {"model.pdmodel": {"sha256": "x", "size": 1}}}, "files.model.pdmodel.sha256 = 'x'"),
        ({"files": {"model.pdmodel": {"sha256": "0" * 64, "size": -1}}}, "files.model.pdmodel.size = -1"),
        ({"files": {f"{n}.txt": entry(b"") for n in range(257)}}, "files"),
        ({"selfTest": [{"lines": ["a"]}]}, "one of a picture, a text, and inputs with outputs"),
    ],
)
def test_a_mistake_names_the_field_the_value_and_the_remedy(changes: dict[str, object], words: str) -> None:
    told = problem_of(written(**changes))
    assert words in told
    assert "paddle-runtime bundle DIR" in told


def test_what_runs_a_module_is_chosen_by_rule_where_nothing_is_said() -> None:
    onnx = {"program": None, "params": None, "onnx": "m.onnx"}
    chosen = [
        parsed_module(engine=None),
        parsed_module(engine=None, program="m.json"),
        parsed_module(engine=None, **onnx),
        parsed_module(onnx="m.onnx", devices={"GPU": {"engine": "TensorRT", "precision": "Float16"}}),
    ]
    assert [str(each.runner(Device.CPU)) for each in chosen] == ["OpenVINO", "OneDNN", "OnnxRuntime", "Plain"]
    gpu = ["Plain", "Plain", "OnnxRuntime", "TensorRT Float16"]
    assert [str(each.runner(Device.GPU)) for each in chosen] == gpu


def test_a_bundle_of_onnx_files_alone_names_no_version_of_paddle() -> None:
    files = {"m.onnx": entry(b"onnx")}
    only = module(engine="OnnxRuntime", program=None, params=None, onnx="m.onnx")
    manifest = parse_manifest(written(modules=only, files=files, paddleVersion=None))
    assert manifest.model_format == "Onnx"
    assert manifest.modules["model"].file_names() == ("m.onnx",)
    assert parse_manifest(written()).model_format == "PaddleInference"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\xfe", "not YAML in UTF-8"),
        (b"a: [", "not YAML in UTF-8"),
        (b"- a", "holds a list, not a mapping"),
        (b"", "holds a NoneType"),
        (f"name: {ENDLESS}".encode(), "name = [['a'], "),
        (b"!!python/object/apply:os.system ['true']", "not YAML in UTF-8"),
        (b"a" * (MANIFEST_MAX_BYTES + 1), "more than 1048576"),
        (b"[" * 100_000, "not YAML in UTF-8"),
    ],
)
def test_what_is_no_manifest_is_refused(data: bytes, words: str) -> None:
    assert words in problem_of(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_and_nothing_else(data: bytes) -> None:
    problem_of(data)


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd.txt", "../a.txt", "a/../b.txt", "./a.txt", "a//b.txt", "a\\b.txt", "a\nb.txt",
     "model.yaml", "weights.pdparams", "code.py", "a.pkl", "lib.so", "noending", "a" * 300 + ".txt"],
)  # fmt: skip
def test_unsafe_paths_are_refused(path: str) -> None:
    assert unsafe_path(path) is not None


@given(st.lists(st.from_regex(r"[a-z0-9_-]{1,12}", fullmatch=True), min_size=1, max_size=4))
def test_plain_paths_with_an_allowed_ending_are_safe(parts: list[str]) -> None:
    assert unsafe_path("/".join(parts) + ALLOWED_SUFFIXES[0]) is None


def test_the_digest_is_of_the_bytes() -> None:
    assert digest_of(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


shapes = st.lists(st.tuples(st.integers(1, 64), st.integers(1, 64)), min_size=1, max_size=6)


@given(shapes)
def test_the_largest_of_all_buckets_holds_each_of_them(buckets: list[tuple[int, int]]) -> None:
    spec = TensorSpec.model_validate({"name": "x", "datatype": "FP32", "shape": (-1, -1)})
    limit = largest([spec], [{"x": bucket} for bucket in buckets])["x"]
    assert all(bucket_problem([spec], {"x": bucket}) is None for bucket in buckets)
    assert all(size <= most for bucket in buckets for size, most in zip(bucket, limit, strict=True))


def test_a_schema_can_be_written_for_editors() -> None:
    assert Manifest.model_json_schema()["properties"]["task"]


def on_gpu(batches: list[int]) -> dict[str, Any]:
    return {"devices": {"GPU": {"engine": "Plain", "batches": batches}}}


def test_a_device_runs_each_bucket_at_each_of_its_batch_sizes() -> None:
    own = parsed_module(**on_gpu([1, 4]))
    assert own.shapes() == ((1, 4), (8, 4))
    assert own.on(Device.GPU).shapes() == ((1, 4), (4, 4), (8, 4), (32, 4))
    assert own.on(Device.CPU) is own


def test_batches_that_the_program_does_not_take_are_told() -> None:
    fixed = [{"name": "x", "datatype": "FP32", "shape": [1, 4]}]
    with pytest.raises(ValidationError, match=r"devices.GPU.batches: x has 2 in dimension 0, 1 is declared"):
        parsed_module(inputs=fixed, buckets=[[1, 4]], **on_gpu([1, 2]))
