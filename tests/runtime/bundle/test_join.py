"""Several bundles written as one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from paddle_runtime.bundle.join import join
from paddle_runtime.bundle.store import builtin_path, open_bundle
from paddle_runtime.bundle.verify import verify
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.main import main
from paddle_runtime.pipeline import open_pipeline
from paddle_runtime.predictor.devices import DeviceSettings
from tests.runtime.bundle.bare.exports import detector_document, exported_folder, recogniser_document
from tests.runtime.bundle.builders import small_bundle
from tests.runtime.test_serving_ocr import LINES, page

OCR = builtin_path("ppocr-v4-mobile")


def exported_module(module: str, folder: Path) -> Path:
    characters = (OCR / "recognise" / "characters.txt").read_text(encoding="utf-8").splitlines()
    document = detector_document() if module == "detect" else recogniser_document(characters)
    return exported_folder(OCR / module / "inference.pdmodel", folder, {"inference.yml": document})


def test_two_exported_modules_become_one_bundle_that_reads_pages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    detector, recogniser = (exported_module(name, tmp_path / name) for name in ("detect", "recognise"))
    into = tmp_path / "ocr"
    command = ["bundle", str(into), "--model", str(detector), "--modules", f"recognise={recogniser}"]
    assert main([*command, "--output", "json"]) == 0
    told = json.loads(capsys.readouterr().out)["result"]
    bundle = open_bundle(into, told["digest"])
    assert verify(bundle) == told["sizeBytes"]
    assert sorted(bundle.manifest.files) == [
        "inference.pdiparams", "inference.pdmodel", "recognise/characters.txt",
        "recognise/inference.pdiparams", "recognise/inference.pdmodel",
    ]  # fmt: skip
    assert bundle.manifest.paddle_version == "unknown"  # 2.4.1 and 2.4.2
    answer = open_pipeline(bundle, DeviceSettings()).run("ocr", memoryview(page()), {})
    lines = answer.body["lines"]
    assert isinstance(lines, list)
    assert tuple(line["text"] for line in lines if isinstance(line, dict)) == LINES


def test_a_replaced_module_brings_its_self_tests_and_nothing_of_the_old_one_stays(tmp_path: Path) -> None:
    base = open_bundle(OCR)
    manifest = join(base, {"recognise": base}, tmp_path / "same")
    assert "recognise/inference.pdmodel" not in manifest.files
    assert {"recognise/recognise/inference.pdmodel", "NOTICE.md"} <= set(manifest.files)
    pages = {test.picture for test in manifest.self_test if test.module is None}
    assert pages == {"recognise/selftest/page.png", "recognise/selftest/upside-down.png"}
    # what the other programs answer by themselves stays the base's
    programs = {test.module: test.picture for test in manifest.self_test if test.module is not None}
    assert programs == {"detect": "selftest/page.png", "orient": None, "recognise": None}
    assert manifest.modules["detect"] == base.manifest.modules["detect"]
    assert manifest.paddle_version == base.manifest.paddle_version
    assert verify(open_bundle(tmp_path / "same"))


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    small = small_bundle(tmp_path / "small")
    before = (small.path / "model.yaml").read_bytes()
    with pytest.raises(BundleFault, match="holds files already") as fault:
        join(open_bundle(OCR), {}, small.path)
    assert fault.value.reason is BundleReason.BundleInvalid
    assert (small.path / "model.yaml").read_bytes() == before
    assert main(["bundle", str(tmp_path / "x"), "--modules", "recognise=y"]) == 2
