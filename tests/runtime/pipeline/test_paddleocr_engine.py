"""PaddleOCR's pipeline as the engine: what it is told, what is said where it lacks, and that it reads."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from hack import peers
from hack.paddlex_serving import ENVIRONMENT
from hack.venv import ROOT
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.pipeline.base import BatchPipeline
from paddle_runtime.pipeline.paddleocr_engine import PaddleocrPipeline, lay_out, open_paddleocr
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.serve import opened_model
from paddle_runtime.settings import Settings
from tests.runtime.documents.builders import text_pdf
from tests.runtime.pipeline.builders import encoded, lines_of, ocr_bundle, page, real_ocr
from tests.runtime.serving.programs import SERVE
from tests.runtime.serving.testbed import RunningServer


def test_the_bundles_constants_and_dictionary_are_laid_out_as_paddlex_reads_them(tmp_path: Path) -> None:
    bundle = ocr_bundle()
    config = lay_out(bundle, tmp_path)
    for module, place in (("detect", "TextDetection"), ("recognise", "TextRecognition")):
        folder = Path(config["SubModules"][place]["model_dir"])
        program = bundle.manifest.modules[module].program
        assert program is not None
        assert (folder / "inference.pdmodel").read_bytes() == bundle.file(program).read_bytes()
    detect = yaml.safe_load((tmp_path / "PP-OCRv4_mobile_det" / "inference.yml").read_text(encoding="utf-8"))
    assert detect["PostProcess"]["unclip_ratio"] == 1.6
    assert detect["PostProcess"]["box_thresh"] == 0.5
    recognise = yaml.safe_load(
        (tmp_path / "PP-OCRv4_mobile_rec" / "inference.yml").read_text(encoding="utf-8")
    )
    assert len(recognise["PostProcess"]["character_dict"]) == 6623


def test_it_is_what_the_server_names_as_its_engine() -> None:
    for engine, named in (("paddleocr", "paddleocr"), ("bundle", "OpenVINO")):
        with opened_model(Settings(model="builtin:ppocr-v4-mobile", engine=engine)) as model:
            assert model.engine == named


def test_where_it_is_not_installed_it_is_said_what_to_install() -> None:
    with pytest.raises(BundleFault, match="--worker-python") as fault:
        open_paddleocr(ocr_bundle(), DeviceSettings())
    assert fault.value.reason is BundleReason.LoadFailed


def test_it_is_given_one_request_at_a_time_on_a_gpu_too() -> None:
    assert isinstance(real_ocr(), BatchPipeline)
    assert not isinstance(PaddleocrPipeline(ocr_bundle(), list), BatchPipeline)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_it_reads_pages_behind_the_same_endpoints(tmp_path: Path) -> None:
    python = peers.python_of(peers.make("paddlex"))
    environment = {**ENVIRONMENT, "PYTHONPATH": str(ROOT / "runtime")}
    settings = {"engine": "paddleocr", "worker_python": python, "request_timeout_seconds": 120}
    with RunningServer(
        tmp_path, SERVE, environment=environment, model="builtin:ppocr-v4-mobile", workers=1, **settings
    ) as server:
        answer = server.ocr(bytes(encoded(page("english")))).json()
        assert [line["text"] for line in answer["lines"]] == lines_of("english")
        pages = server.ocr(text_pdf(["Hello"], ["World"]), {"Content-Type": "application/pdf"}).json()[
            "pages"
        ]
        assert [[line["text"] for line in each["lines"]] for each in pages] == [["Hello"], ["World"]]
        alone = server.client.post("/v1/ocr/detect", content=bytes(encoded(page("english"))))
        assert (alone.status_code, alone.json()["reason"]) == (400, "wrong_task")
