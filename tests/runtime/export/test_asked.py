"""Wrong orders: no such file, class or argument, a spec or a bucket that does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from paddle_runtime.bundle.signature import TensorSpec
from paddle_runtime.cli.export import bundle_name
from paddle_runtime.export.faults import ExportFault, ExportReason
from paddle_runtime.export.inputs import buckets_of, parse_bucket, parse_input, parse_range, shown, spelled
from paddle_runtime.export.layer import own_inputs
from paddle_runtime.export.source import Source, build_layer, parse_source
from paddle_runtime.main import main

LAYERS = str(Path(__file__).with_name("layers.py"))
X = parse_input("x=FP32[-1,3,8,-1]")
TWO = (parse_input("ids=INT64[-1,-1]"), parse_input("mask=BOOL[-1,-1]"))


def test_a_source_is_a_module_a_name_and_arguments() -> None:
    asked = parse_source("a/b.py:Doc", ["scale=0.5", "kind=small", "sizes=[1, 2]"])
    assert asked == Source("a/b.py", "Doc", {"scale": 0.5, "kind": "small", "sizes": [1, 2]})


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        ("model.py", (), "is not MODULE:NAME"),
        ("model.py:", (), "is not MODULE:NAME"),
        (":Doc", (), "is not MODULE:NAME"),
        ("model.py:Doc", ("scale",), "is not key=value"),
    ],
)
def test_a_source_that_cannot_be_read_is_told(text: str, arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(ExportFault, match=words) as fault:
        parse_source(text, arguments)
    assert fault.value.reason is ExportReason.SourceInvalid


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (Source("/nothing/here.py", "Doc"), "is no file"),
        (Source("no.such.module", "Doc"), "cannot be imported"),
        (Source(LAYERS, "Missing"), "has no 'Missing'; its layers are .*ShapeBranch"),
        (Source(LAYERS, "not_a_layer"), "gives a int, not a paddle.nn.Layer"),
        (Source(LAYERS, "LIMIT"), "gives a int, not a paddle.nn.Layer"),
        (Source(LAYERS, "factory"), "cannot be called with nothing: missing a required argument: 'wide'"),
        (Source(LAYERS, "ShapeBranch", {"deep": 1}), "cannot be called with .*'deep'"),
        (Source(LAYERS, "broken"), "raised RuntimeError: no weights here"),
    ],
)
def test_a_layer_that_cannot_be_built_is_told(source: Source, words: str) -> None:
    with pytest.raises(ExportFault, match=words) as fault:
        build_layer(source)
    assert fault.value.reason is ExportReason.SourceInvalid


def test_a_file_that_fails_when_it_is_imported_is_told(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("1 / 0\n")
    with pytest.raises(ExportFault, match="raised ZeroDivisionError when it was imported"):
        build_layer(Source(str(tmp_path / "bad.py"), "Doc"))


def test_a_factory_is_called_with_its_arguments() -> None:
    assert type(build_layer(Source(LAYERS, "factory", {"wide": True}))).__name__ == "Conditional"


def test_the_input_spec_of_the_layer_is_its_signature() -> None:
    assert own_inputs(build_layer(Source(LAYERS, "ShapeBranch"))) == (X,)
    with pytest.raises(ExportFault, match=r"Operators\.forward has no input_spec"):
        own_inputs(build_layer(Source(LAYERS, "Operators")))


@pytest.mark.parametrize(
    "text", ["x", "x=FP32", "x=FP31[1]", "x=FP32[1,0]", "x=FP32[1,-2]", "x=FP32[a]", "=FP32[1]"]
)
def test_an_input_that_cannot_be_read_is_told(text: str) -> None:
    with pytest.raises(ExportFault, match="--input") as fault:
        parse_input(text)
    assert fault.value.reason is ExportReason.InputInvalid


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1x3x8", "has 3 dimensions, 4 are declared"),
        ("1x4x8x32", "has 4 in dimension 1, 3 is declared"),
        ("1x3x8xwide", "is not sizes"),
        ("1x3x8x0", "every size is at least 1"),
        ("y=1x3x8x32", r"names inputs \['y'\]"),
        ("1x3x8x1000000000", "every|elements|less"),
    ],
)
def test_a_bucket_that_does_not_fit_is_told(text: str, words: str) -> None:
    with pytest.raises(ExportFault, match=words):
        parse_bucket(text, (X,))


def test_buckets_are_written_as_they_are_read() -> None:
    for text, specs in (("1x3x8x32", (X,)), ("ids=1x16,mask=1x16", TWO)):
        assert shown(parse_bucket(text, specs)) == text
    assert spelled(X) == "x=FP32[-1,3,8,-1]"
    assert len(buckets_of(["1x3x8x32", "1x3x8x32"], (X,))) == 1


def test_free_sizes_need_a_bucket_and_fixed_ones_are_one() -> None:
    with pytest.raises(ExportFault, match="at least one --bucket is needed"):
        buckets_of((), (X,))
    fixed = TensorSpec.model_validate({"name": "x", "datatype": "FP32", "shape": [1, 2]})
    assert buckets_of((), (fixed,)) == ({"x": (1, 2)},)


@pytest.mark.parametrize("text", ["ids", "ids=1", "ids=2,1", "ids=a,b", "other=0,1"])
def test_a_range_that_cannot_be_read_is_told(text: str) -> None:
    assert parse_range("ids=0,6000", TWO) == ("ids", (0.0, 6000.0))
    with pytest.raises(ExportFault, match="--range"):
        parse_range(text, TWO)


@pytest.mark.parametrize(
    "given",
    [
        ["--repetitions", "0"],
        ["--repetitions", "many"],
        ["--tolerance", "nan"],
        ["--tolerance", "1"],
        ["--engine", "TensorRT"],
    ],
)
def test_a_flag_that_cannot_be_read_is_wrong_usage(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["export", f"{LAYERS}:ShapeBranch", "--into", str(tmp_path / "b"), *given])
    assert ended.value.code == 2
    assert given[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "bundle"),
    [("DocRecognizer", "doc-recognizer"), ("build_it", "build-it"), ("V2", "v2"), ("___", "model")],
)
def test_a_bundle_is_called_after_the_layer(name: str, bundle: str) -> None:
    assert bundle_name(name) == bundle
