"""A bundle of one module whose module comes out of another bundle: all of it does."""

from __future__ import annotations

from pathlib import Path

from paddle_runtime.bundle.compose import compose
from paddle_runtime.bundle.make import write_manifest
from paddle_runtime.bundle.manifest import Task
from paddle_runtime.bundle.store import Bundle, open_bundle
from tests.runtime.bundle.builders import FILES, description, small_bundle

MODULE = {
    **description()["modules"]["model"],
    "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 3, -1, -1]}],
    "buckets": [[1, 3, 8, 8]],
    "constants": {"kind": "classify", "mean": [0, 0, 0], "std": [1, 1, 1]},
    "labels": "labels.txt",
}


def classifier(folder: Path, *labels: str) -> Bundle:
    """With those labels, and a self-test that wants the first of them."""
    folder.mkdir()
    for name, data in {**FILES, "labels.txt": "\n".join(labels).encode(), "one.png": b"a picture"}.items():
        (folder / name).write_bytes(data)
    test = {"picture": "one.png", "classes": [{"label": labels[0], "score": 1}]}
    told = description(task=Task.IMAGE_CLASSIFICATION.value, modules={"model": MODULE}, selfTest=[test])
    write_manifest(folder, told)
    return open_bundle(folder)


def test_a_classifier_brings_its_labels_and_the_only_tests(tmp_path: Path) -> None:
    composed = compose(
        classifier(tmp_path / "base", "cat", "dog"), {"model": classifier(tmp_path / "part", "ship", "car")}
    )
    labels = composed.file(composed.manifest.modules["model"].labels or "")
    assert labels.read_text(encoding="utf-8") == "ship\ncar"
    (test,) = composed.manifest.self_test
    assert (test.module, test.picture, test.classes[0].label) == (None, "@model/one.png", "ship")


def test_tensors_that_proved_the_replaced_program_prove_no_other(tmp_path: Path) -> None:
    value = {"datatype": "FP32", "shape": [1], "data": [1]}
    tests = [{"inputs": [{"name": "x", **value}], "outputs": [{"name": "y", **value}]}]
    base = small_bundle(tmp_path / "base")
    write_manifest(base.path, description(selfTest=tests))
    composed = compose(open_bundle(base.path), {"model": small_bundle(tmp_path / "part")})
    assert composed.manifest.self_test == ()
