"""`paddle-runtime bench` on a real program: the direction classifier by itself, as tensors, in both forms."""

from __future__ import annotations

import io
import json
import shutil
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from paddle_runtime.bundle.engine import Device, Engine, Runner
from paddle_runtime.bundle.make import write_manifest
from paddle_runtime.bundle.store import builtin_path, open_bundle
from paddle_runtime.bundle.verify import verify
from paddle_runtime.calibrate.measure import largest_difference, percentile, text_error
from paddle_runtime.calibrate.probe import with_runners
from paddle_runtime.calibrate.probing import Order, Probe, ProbeFailed
from paddle_runtime.calibrate.sample import SampleFault, text_beside, texts_alone
from paddle_runtime.cli.bench import Steps
from paddle_runtime.cli.progress import Progress
from paddle_runtime.main import main
from tests.runtime.bundle.builders import description, small_bundle

INPUT = {"name": "x", "datatype": "FP32", "shape": [-1, 3, 48, 192]}
OUTPUT = {"name": "softmax_0.tmp_0", "datatype": "FP32", "shape": [-1, 2]}


@pytest.fixture
def classifier(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    folder.mkdir()
    for suffix in ("pdmodel", "pdiparams"):
        shutil.copyfile(
            builtin_path("ppocr-v4-mobile") / "orient" / f"inference.{suffix}", folder / f"model.{suffix}"
        )
    module = {
        "program": "model.pdmodel",
        "params": "model.pdiparams",
        "engine": "Plain",
        "inputs": [INPUT],
        "outputs": [OUTPUT],
        "buckets": [[1, 3, 48, 192], [2, 3, 48, 192]],
    }
    start = {"name": "turned", "version": "1", "task": "Tensor", "paddleVersion": "3.2.2"}
    write_manifest(folder, {**start, "modules": {"model": module}})
    return folder


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["bench", *arguments, "--output", "json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    result: dict[str, Any] = document["result"]
    return result


def test_engines_are_measured_and_the_choice_is_written_with_its_evidence(
    classifier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = open_bundle(classifier)
    result = told(capsys, str(classifier), "--calibrate", "--repetitions", "3")
    bundle = open_bundle(classifier)
    verify(bundle)
    assert result["digest"] == bundle.digest != before.digest
    (calibration,) = bundle.manifest.calibration
    rows = calibration.modules["model"]
    assert [str(Runner(row.engine, row.precision)) for row in rows] == [
        "OpenVINO", "OpenVINO BFloat16", "OneDNN", "OneDNN BFloat16", "Plain",
    ]  # fmt: skip
    (taken,) = [row for row in rows if row.chosen]
    assert bundle.manifest.modules["model"].runner(Device.CPU) == Runner(taken.engine, taken.precision)
    for row in rows:
        if row.failed is None:
            assert row.median_milliseconds and row.resident_mib and row.load_seconds  # noqa: PT018
            assert row.difference is not None
    assert next(row for row in rows if row.engine is Engine.PLAIN).difference == 0.0
    assert calibration.paddle == "3.2.2"
    assert main(["inspect", str(classifier)]) == 0


def test_a_report_alone_writes_nothing(classifier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = open_bundle(classifier).digest
    result = told(capsys, str(classifier), "--repetitions", "2")
    assert open_bundle(classifier).digest == before == result["digest"]
    assert result["bundleBytes"] == open_bundle(classifier).manifest.size_bytes
    assert set(result["loadSeconds"]) == {"load", "selfTest", "warmUp"}
    assert [each["shapes"]["x"][0] for each in result["modules"]["model"]["buckets"]] == [1, 2]
    assert result["lineMedianMilliseconds"] is None
    assert result["residentMib"] <= result["peakMib"]


def test_what_is_built_in_is_never_written_to(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "builtin:ppocr-v4-mobile", "--calibrate", "--output", "json"]) == 13
    assert "copy it to a folder of your own" in json.loads(capsys.readouterr().out)["message"]


def test_a_process_that_dies_is_a_failed_candidate_with_its_last_words(classifier: Path) -> None:
    (classifier / "model.pdiparams").write_bytes(b"short")
    write_manifest(classifier)
    runner = Runner(Engine.PLAIN)
    with pytest.raises(ProbeFailed, match=r"."):
        Probe(Order(classifier, Device.CPU, {"model": runner}, modules=["model"]))


def test_a_missing_device_ends_the_command_with_what_to_install(
    classifier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", str(classifier), "--device", "GPU", "--output", "json"]) == 23
    assert "sees 0 GPUs" in json.loads(capsys.readouterr().out)["message"]


def test_another_engine_is_tried_at_the_devices_batches(tmp_path: Path) -> None:
    folder = small_bundle(tmp_path / "small").path
    document = description()
    document["modules"]["model"]["devices"] = {"GPU": {"engine": "Plain", "batches": [1, 4]}}
    write_manifest(folder, document)
    tried = with_runners(open_bundle(folder), Device.GPU, {"model": ("TensorRT", "Float16")}).on(Device.GPU)
    module = tried.manifest.modules["model"]
    assert str(module.runner(Device.GPU)) == "TensorRT Float16"
    assert module.shapes() == ((1, 4), (4, 4), (8, 4), (32, 4))


def test_numbers() -> None:
    import numpy as np  # noqa: PLC0415

    assert percentile([1, 2, 3, 4], 95) == 4
    assert percentile(list(range(1, 101)), 95) == 95
    assert largest_difference(np.array([1.0, 2.0]), np.array([1.0, 2.5])) == 0.5
    assert largest_difference(np.zeros(2), np.zeros(3)) > 1e29
    assert largest_difference(np.zeros(1), np.array([np.nan])) > 1e29


def test_texts_beside_pictures_are_what_engines_are_held_against(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    assert text_beside(picture) is None
    picture.with_suffix(".txt").write_text("总计 12\nTotal\n", "utf-8")
    assert text_beside(picture) == "总计 12\nTotal\n"
    assert text_error(["总计 12\nTotal\n", ""], ["总计 12 Total", ""]) == 0
    assert text_error(["总计 12"], ["总计12"]) == pytest.approx(1 / 5)
    picture.with_suffix(".txt").write_bytes(b"ab\xff")
    with pytest.raises(SampleFault, match="is not UTF-8"):
        text_beside(picture)


def test_a_sample_is_looked_through_before_anything_is_measured(
    tmp_path: Path, classifier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = tmp_path / "sample"
    asked = ["bench", str(classifier), "--calibrate", "--sample", str(sample), "--output", "json"]
    before = open_bundle(classifier).digest

    def refusal() -> str:
        assert main(asked) == 2
        message: str = json.loads(capsys.readouterr().out)["message"]
        return message

    assert "holds no picture" in refusal()
    sample.mkdir()
    Image.new("RGB", (8, 8)).save(sample / "good.png")
    (sample / "bad.png").write_text("hello")
    message = refusal()
    assert f"1 of 2 pictures cannot be read. {sample}/bad.png: the picture of 5 bytes is none of" in message
    assert "take them out of the sample" in message
    (sample / "bad.png").unlink()
    (sample / "good.txt").write_bytes(b"\xff")
    assert f"{sample}/good.txt is not UTF-8" in refusal()
    assert open_bundle(classifier).digest == before


def test_a_share_is_never_less_than_the_one_before_in_its_step(caplog: pytest.LogCaptureFixture) -> None:
    told = Steps(Progress(io.StringIO(), clock=partial(next, count(0, 10))))
    with caplog.at_level("INFO"):
        for share in (0.0, 0.5, 0.0, 0.7):
            told("reading a.png", share)
    assert caplog.messages == ["reading a.png", " 50 % reading a.png", "reading a.png", " 70 % reading a.png"]


def test_a_text_without_its_picture_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.JPG").touch()
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").touch()
    assert texts_alone(tmp_path) == [tmp_path / "b.txt"]


@pytest.mark.timeout(400)  # three programs in five engines: a minute alone, more beside other tests
def test_slower_engines_are_not_read_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "ocr"
    shutil.copytree(builtin_path("ppocr-v4-mobile"), folder)
    document: dict[str, Any] = yaml.safe_load((folder / "model.yaml").read_text("utf-8"))
    few = {"detect": [[1, 3, 320, 640]], "recognise": [[1, 3, 48, width] for width in (320, 480, 704)]}
    for module, shapes in few.items():
        document["modules"][module]["buckets"] = shapes
    write_manifest(folder, document)
    told(capsys, str(folder), "--calibrate", "--repetitions", "2")
    (calibration,) = open_bundle(folder).manifest.calibration
    assert calibration.pictures == 2, "those of the self-test"
    assert calibration.characters and calibration.characters > 20  # noqa: PT018
    for rows in calibration.modules.values():
        read = {str(Runner(row.engine, row.precision)) for row in rows if row.difference is not None}
        assert "Plain" not in read, "ten times slower on its own kernels"
        assert "OpenVINO" in read, "the present one is"
        assert all(row.text_error is not None for row in rows if row.difference is not None)
