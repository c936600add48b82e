"""Many requests made from the server's own document, to real models."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runtime.serving.programs import SERVE, digits_bundle
from tests.runtime.serving.schemas import disagreements
from tests.runtime.serving.testbed import RunningServer

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]


def test_tensors_do_what_their_document_says(tmp_path: Path) -> None:
    with RunningServer(tmp_path, SERVE, model=digits_bundle(tmp_path / "bundle")) as server:
        if told := disagreements(server, tmp_path, examples=200):
            pytest.fail(told)


def test_ocr_does_what_its_document_says(tmp_path: Path) -> None:
    with RunningServer(tmp_path, SERVE, model="builtin:ppocr-v4-mobile", workers=2) as server:
        if told := disagreements(server, tmp_path, examples=100):
            pytest.fail(told)
