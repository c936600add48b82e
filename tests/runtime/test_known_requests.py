"""What a bundle knows answers to, as requests: for each kind of self-test an address, or none."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from paddle_runtime import known_requests as module
from paddle_runtime.bundle.make import write_manifest
from paddle_runtime.bundle.store import Bundle, builtin_path, open_bundle
from paddle_runtime.compare.golden_set import cases_in
from paddle_runtime.known_requests import known_requests
from tests.runtime.bundle.builders import FILES, description

VALUE = {"datatype": "FP32", "shape": [1, 2], "data": [0.5, 2]}
OUTPUTS = [{"name": "y", **VALUE}]
CLASSIFIER = {
    **description()["modules"]["model"],
    "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 3, -1, -1]}],
    "buckets": [[1, 3, 8, 8]],
    "constants": {"kind": "classify", "mean": [0, 0, 0], "std": [1, 1, 1]},
    "labels": "labels.txt",
}


def bundle(folder: Path, *tests: dict[str, Any], **changes: Any) -> Bundle:
    folder.mkdir()
    for name, data in {**FILES, "labels.txt": b"cat", "one.png": b"a picture"}.items():
        (folder / name).write_bytes(data)
    write_manifest(folder, description(selfTest=list(tests), **changes))
    return open_bundle(folder)


def test_tensors_that_are_known_are_sent_as_they_are(tmp_path: Path) -> None:
    known = bundle(tmp_path / "b", {"inputs": [{"name": "x", **VALUE}], "outputs": OUTPUTS})
    (case,) = known_requests(known, "served")
    assert case == {
        "name": "selfTest 0",
        "path": "/v2/models/served/infer",
        "json": {"inputs": [{"name": "x", **VALUE}]},
    }


def test_seeded_tensors_are_the_same_wherever_they_are_made(tmp_path: Path) -> None:
    seeded = {"name": "x", "datatype": "FP32", "shape": [1, 4], "seeded": {"seed": 7}}
    test = {"inputs": [seeded], "outputs": OUTPUTS}
    (one,), (other,) = (known_requests(bundle(tmp_path / name, test), "m") for name in ("a", "b"))
    assert one == other
    assert len(one["json"]["inputs"][0]["data"]) == 4  # type: ignore[call-overload, index, arg-type]


def test_of_a_model_of_tensors_without_a_self_test_the_smallest_shape_is_made_up(tmp_path: Path) -> None:
    (case,) = known_requests(bundle(tmp_path / "b"), "m")
    (given,) = case["json"]["inputs"]  # type: ignore[call-overload, index]
    assert (given["name"], given["shape"]) == ("x", [1, 4])  # type: ignore[call-overload, index]
    values = given["data"]  # type: ignore[call-overload, index]
    assert len(set(values)) == 4, "zeros would tell little"  # type: ignore[arg-type]


def test_a_picture_goes_to_the_tasks_own_address(tmp_path: Path) -> None:
    test = {"picture": "one.png", "classes": [{"label": "cat", "score": 1}]}
    known = bundle(tmp_path / "b", test, task="ImageClassification", modules={"model": CLASSIFIER})
    (case,) = known_requests(known, "m")
    picture = base64.b64encode(b"a picture").decode()
    assert case == {"name": "selfTest 0", "path": "/v1/classify", "json": {"image": picture}}


def test_without_a_self_test_nothing_is_known_of_a_model_of_pictures(tmp_path: Path) -> None:
    assert (
        known_requests(bundle(tmp_path / "b", task="ImageClassification", modules={"model": CLASSIFIER}), "m")
        == []
    )


def test_what_is_too_large_for_a_body_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_VALUES", 1)
    assert (
        known_requests(bundle(tmp_path / "b", {"inputs": [{"name": "x", **VALUE}], "outputs": OUTPUTS}), "m")
        == []
    )


def test_the_built_in_reader_is_asked_its_pages_and_lines_and_no_programs_by_themselves() -> None:
    reader = open_bundle(builtin_path("ppocr-v4-mobile"))
    cases = known_requests(reader, "ocr")
    assert {case["path"] for case in cases} == {"/v1/ocr"}
    assert len(cases) == 2 < len(reader.manifest.self_test)
    assert len(cases_in({"cases": cases})) == 2, "a golden set of its own"
