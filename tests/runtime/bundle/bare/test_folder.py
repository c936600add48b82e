"""Bare folders: what tells that one is, its digest, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paddle_runtime.bundle.bare.folder import is_bare, read_bare, write_bare
from paddle_runtime.bundle.manifest import digest_of, parse_manifest
from paddle_runtime.bundle.store import builtin_path, open_bundle
from paddle_runtime.bundle.unpacked import described, unpacked
from paddle_runtime.bundle.verify import verify
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.main import main
from paddle_runtime.pipeline import open_pipeline
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.tasks import Task
from tests.runtime.bundle.bare.exports import (
    detector_document,
    exported_folder,
    recogniser_document,
    tokenizer_document,
)
from tests.runtime.bundle.bare.test_program import made
from tests.runtime.bundle.builders import ENDLESS

OCR = builtin_path("ppocr-v4-mobile")
DETECTOR, RECOGNISER = OCR / "detect" / "inference.pdmodel", OCR / "recognise" / "inference.pdmodel"


@pytest.fixture
def detector(tmp_path: Path) -> Path:
    return exported_folder(DETECTOR, tmp_path / "det", {"inference.yml": detector_document()})


@pytest.fixture
def recogniser(tmp_path: Path) -> Path:
    characters = (OCR / "recognise" / "characters.txt").read_text(encoding="utf-8").splitlines()
    document = recogniser_document(characters)
    return exported_folder(RECOGNISER, tmp_path / "rec", {"inference.yml": document})


def test_a_bare_folder_has_the_digest_that_bundle_writes(recogniser: Path) -> None:
    inspected, digest = described(recogniser), digest_of(read_bare(recogniser).manifest)
    with unpacked(recogniser) as folder:
        laid_out = open_bundle(folder, digest)
        assert verify(laid_out) == laid_out.manifest.size_bytes
    assert is_bare(recogniser)
    write_bare(recogniser)
    assert not is_bare(recogniser)
    written = open_bundle(recogniser, digest)
    assert verify(written)
    assert inspected == written
    assert written.manifest.modules["recognise"].outputs[0].shape[-1] == 6625


def test_its_digest_depends_on_no_name_and_place(recogniser: Path, tmp_path: Path) -> None:
    other = shutil.copytree(recogniser, tmp_path / "elsewhere" / "other")
    assert described(other).digest == described(recogniser).digest
    (other / "inference.yml").write_text((other / "inference.yml").read_text() + "\n# a word\n")
    assert described(other).digest != described(recogniser).digest


def test_bundling_again_what_was_read_changes_nothing(
    detector: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (detector / "README.md").write_text("A detector.\n")
    (detector / ".gitattributes").write_text("* -text\n")
    told = []
    for _ in range(2):
        assert main(["bundle", str(detector), "--output", "json"]) == 0
        told.append(json.loads(capsys.readouterr().out)["result"])
    first, second = told
    assert first.pop("readFrom") == "inference.yml"
    assert first == second
    assert first["leftOut"] == [".gitattributes", "inference.pdiparams.info"]
    assert (first["task"], first["selfTests"]) == ("OCR", 0)
    assert main(["bundle", str(detector)]) == 0
    assert "none: write known inputs with their outputs" in capsys.readouterr().out


def test_the_manifest_says_where_it_was_read_and_who_exported(detector: Path) -> None:
    manifest = parse_manifest(read_bare(detector).manifest)
    assert manifest.source == "read from inference.yml"
    assert manifest.paddle_version == "2.4.1"
    assert sorted(manifest.files) == ["inference.pdiparams", "inference.pdmodel", "inference.yml"]


def test_any_program_can_be_served_as_tensors_where_its_sizes_are_told(
    detector: Path, tmp_path: Path
) -> None:
    with pytest.raises(BundleFault, match=r"input x is .-1, 3, -1, -1., and nothing tells which sizes"):
        read_bare(detector, Task.TENSOR)
    alone = exported_folder(OCR / "orient" / "inference.pdmodel", tmp_path / "alone", {})
    with pytest.raises(BundleFault, match=r"no task can be told from a program alone.* say Tensor by --task"):
        read_bare(alone)
    with pytest.raises(BundleFault, match="task Detection can be told from a program alone"):
        read_bare(alone, Task.DETECTION)


@pytest.mark.parametrize("new_form", [False, True], ids=["pdmodel", "json"])
def test_a_program_of_either_form_is_opened_as_tensors(new_form: bool, tmp_path: Path) -> None:
    made("make_program.py", tmp_path, new_form=new_form)
    with unpacked(tmp_path, task="Tensor") as folder:
        pipeline = open_pipeline(open_bundle(folder), DeviceSettings())
        given = {"a": np.ones((1, 3), np.float32), "b": np.full((1, 3), 4, np.int64)}
        sums, products, _ = pipeline.run("infer", given, {}).body.values()
    assert (sums.tolist(), products.tolist()) == ([[6.0] * 3], [[12] * 3])


def test_another_task_than_its_own_is_refused(detector: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["inspect"], ["verify"], ["bundle"]):
        command = [*arguments, str(detector), "--task", "Detection", "--output", "json"]
        assert main(command) == BundleReason.BundleInvalid.value
        assert "it is of task OCR, asked for was Detection" in json.loads(capsys.readouterr().out)["message"]
    write_bare(detector)
    assert main(["verify", str(detector), "--task", "Detection"]) == BundleReason.BundleInvalid.value
    assert main(["verify", str(detector), "--task", "OCR"]) == 0


@pytest.mark.parametrize(
    ("beside", "told"),
    [
        ({"infer_cfg.yml": "arch: YOLO\n"}, "inference.yml and infer_cfg.yml both say"),
        ({"inference.yml": "- a\n"}, "inference.yml: it holds a list"),
        ({"inference.yml": "a: [\n"}, "inference.yml: it cannot be read"),
        ({"inference.yml": "[" * 100_000}, "inference.yml: it cannot be read"),
        (
            {"inference.yml": "a: !!python/object/apply:os.system [echo]\n"},
            "inference.yml: it cannot be read",
        ),
        ({"inference.yml": "a: " + "b" * 1_100_000}, "inference.yml: it has more than 1048576 bytes"),
        (
            {"inference.yml": "PostProcess: {PersonAttribute: {threshold: 0.5}}\n"},
            "PostProcess is 'PersonAttribute'",
        ),
        ({"inference.yml": "Global: {model_name: x}\n"}, "PostProcess is None"),
        ({"model.pdmodel": "", "model.pdiparams": ""}, "here are inference.pdmodel, model.pdmodel"),
        ({"inference.json": "{}"}, "here are inference.json, inference.pdmodel"),
        ({"inference.pdmodel": "{}"}, "inference.pdmodel: cannot be read: it has a field of an unknown form"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_told_is_refused_and_nothing_is_written(
    detector: Path, beside: dict[str, str], told: str
) -> None:
    for name, text in beside.items():
        (detector / name).write_text(text)
    before = sorted(path.name for path in detector.iterdir())
    with pytest.raises(BundleFault, match=told) as fault:
        write_bare(detector)
    assert fault.value.reason is BundleReason.BundleInvalid
    assert sorted(path.name for path in detector.iterdir()) == before


def test_what_references_make_endless_is_not_told_whole(detector: Path) -> None:
    for after, told in (("{name: *l11}", r"PostProcess is \[\["), ("{Topk: *l11}", "levels = ")):
        (detector / "inference.yml").write_text(
            f"levels: {ENDLESS}\nPreProcess: {{transform_ops: []}}\nPostProcess: {after}\n"
        )
        with pytest.raises(BundleFault, match=told):
            read_bare(detector)


def test_a_users_own_dictionary_is_not_overwritten(recogniser: Path) -> None:
    (recogniser / "characters.txt").write_text("a\nb\n")
    with pytest.raises(BundleFault, match=r"characters\.txt: it says something else than inference\.yml"):
        write_bare(recogniser)
    assert (recogniser / "characters.txt").read_text() == "a\nb\n"


def test_a_network_that_does_not_say_what_it_is_for_wants_a_task(tmp_path: Path) -> None:
    folder = exported_folder(DETECTOR, tmp_path / "texts", {"tokenizer_config.json": tokenizer_document()})
    with pytest.raises(BundleFault, match=r"vocab\.txt is not beside it"):
        read_bare(folder)
    (folder / "vocab.txt").write_text("[PAD]\n")
    with pytest.raises(BundleFault, match="say TextClassification or Tensor by --task"):
        read_bare(folder)
    with pytest.raises(BundleFault, match="not numbers of pieces"):
        read_bare(folder, Task.TEXT_CLASSIFICATION)


def test_what_the_disk_does_not_give_is_told(detector: Path) -> None:
    (detector / "inference.yml").unlink()
    (detector / "inference.yml").symlink_to("/proc/self/mem")  # a plain file whose beginning cannot be read
    with pytest.raises(BundleFault, match="cannot be read by uid") as fault:
        read_bare(detector)
    assert fault.value.reason is BundleReason.StoreUnreachable


@pytest.mark.parametrize("inside", [[], ["inference.pdmodel"], ["inference.pdiparams"], ["model.yaml"]])
def test_a_folder_without_a_program_and_its_weights_is_no_bare_one(inside: list[str], tmp_path: Path) -> None:
    for name in inside:
        (tmp_path / name).write_bytes(b"\x0a")
    assert not is_bare(tmp_path)
    assert not is_bare(tmp_path / "nowhere")


def test_nothing_is_calibrated_that_would_be_lost(detector: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["bench", str(detector), "--calibrate", "--output", "json"]) == BundleReason.BundleInvalid.value
    )
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert "has no model.yaml to write into: 'paddle-runtime bundle" in told["message"]


def test_the_folder_of_links_is_gone_afterwards(detector: Path) -> None:
    with unpacked(detector) as folder:
        assert (folder / "inference.pdmodel").is_symlink()
        assert not (folder / "inference.pdiparams.info").exists()
    assert not folder.parent.exists()
    assert not (detector / "model.yaml").exists()
