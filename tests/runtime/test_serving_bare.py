"""PaddleOCR's modules as they were exported: served one by one, and together as one bundle."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from paddle_runtime.bundle.store import builtin_path
from tests.runtime.bundle.bare.exports import HALVES, detector_document, exported_folder, recogniser_document
from tests.runtime.serving.testbed import PNG, RunningServer
from tests.runtime.test_serving_ocr import LINES, page

# starting real models takes the processor's time, which a busy machine gives slowly
pytestmark = pytest.mark.timeout(300)
SERVE = (sys.executable, "-m", "paddle_runtime.main", "serve")
OCR = builtin_path("ppocr-v4-mobile")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The built-in modules with the constants that its model.yaml has."""
    into = tmp_path_factory.mktemp("exports")
    characters = (OCR / "recognise" / "characters.txt").read_text(encoding="utf-8").splitlines()
    detector = detector_document(
        NormalizeImage={**HALVES, "order": "hwc", "scale": "1./255."},
        post={"box_thresh": 0.5, "unclip_ratio": 1.6, "use_dilation": True},
    )
    return (
        exported_folder(OCR / "detect" / "inference.pdmodel", into / "det", {"inference.yml": detector}),
        exported_folder(
            OCR / "recognise" / "inference.pdmodel",
            into / "rec",
            {"inference.yml": recogniser_document(characters)},
        ),
    )


@pytest.fixture(scope="module")
def together(folders: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    detector, recogniser = folders
    place = tmp_path_factory.mktemp("together")
    with RunningServer(place, SERVE, model=detector, modules=f"recognise={recogniser}") as running:
        yield running


def lines(server: RunningServer) -> list[dict[str, Any]]:
    answer = server.client.post("/v1/ocr", content=page(), headers=PNG)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["lines"]
    return found


def test_two_exported_modules_read_a_page_as_the_built_in_bundle_does(
    together: RunningServer, tmp_path: Path
) -> None:
    with RunningServer(tmp_path, SERVE, model="builtin:ppocr-v4-mobile") as built_in:
        wanted = lines(built_in)
    assert tuple(line["text"] for line in wanted) == LINES
    assert lines(together) == wanted
    assert "no model.yaml and is taken for task OCR, read from inference.yml" in together.log


def test_one_exported_module_answers_its_own_address(folders: tuple[Path, Path], tmp_path: Path) -> None:
    with RunningServer(tmp_path, SERVE, model=folders[1], task="OCR") as server:
        one = page(lines=(LINES[3],))
        answer = server.client.post("/v1/ocr/recognise", content=one, headers=PNG)
        assert answer.status_code == 200, answer.text
        assert set(answer.json()) >= {"text", "score"}
        whole = server.client.post("/v1/ocr", content=one, headers=PNG)
        assert (whole.status_code, whole.json()["reason"]) == (400, "wrong_task")
        assert server.get("/v2/models/pp-ocrv4-mobile-rec").status_code == 200


def test_another_task_ends_the_start(folders: tuple[Path, Path], tmp_path: Path) -> None:
    with RunningServer(tmp_path, SERVE, wait=False, model=folders[0], task="Detection") as server:
        assert server.process.wait(60) == 13
        assert "it is of task OCR, asked for was Detection" in server.log
