"""From a sample of traffic to shapes: real pictures through the real pipeline, and bodies of requests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from paddle_runtime.bundle.store import builtin_path, open_bundle
from paddle_runtime.calibrate.learn import learned, new_buckets
from paddle_runtime.calibrate.observe import fine_buckets
from paddle_runtime.calibrate.sample import SampleFault, sample_pictures
from tests.runtime.bundle.builders import small_bundle

PAGES = Path(__file__).parents[1] / "pipeline" / "pages"
OCR = open_bundle(builtin_path("ppocr-v4-mobile-onnx"))


def quiet(what: str, share: float) -> None:
    assert 0 <= share <= 1


def test_shapes_of_pictures_hold_what_was_seen_and_what_was_served_before() -> None:
    found = learned(OCR, PAGES, most=6, limit=2, told=quiet)
    assert set(found) == {"detect", "recognise"}
    for name, buckets in found.items():
        (spec,) = OCR.manifest.modules[name].inputs
        shapes = [bucket[spec.name] for bucket in buckets]
        assert len(shapes) <= 6
        for there in OCR.manifest.modules[name].shapes():
            assert any(all(map(int.__ge__, shape, there)) for shape in shapes)
    widths = [bucket["x"][3] for bucket in found["recognise"]]
    assert max(widths) == 1600
    assert min(widths) < 1600


def test_fine_shapes_stay_inside_those_that_are_there() -> None:
    fine = fine_buckets(OCR)
    for name, shapes in fine.items():
        there = OCR.manifest.modules[name].shapes()
        assert len(shapes) > len(there)
        assert all(any(all(map(int.__le__, shape, large)) for large in there) for shape in shapes)


def test_bodies_of_requests_are_a_sample_for_tensors(tmp_path: Path) -> None:
    bundle = small_bundle(tmp_path / "small")
    sample = tmp_path / "sample"
    sample.mkdir()
    for number, rows in enumerate((2, 2, 3, 9)):
        body = {"inputs": [{"name": "x", "shape": [rows, 4], "datatype": "FP32", "data": []}]}
        (sample / f"{number}.json").write_text(json.dumps(body))
    (sample / "other.json").write_text("[1]")
    (sample / "wrong.json").write_text(json.dumps({"inputs": [{"name": "z", "shape": [1]}]}))
    found = learned(bundle, sample, most=3, limit=10, told=quiet)
    assert [bucket["x"] for bucket in found["model"]] == [(2, 4), (3, 4), (9, 4)]


def test_what_was_served_stays_served(tmp_path: Path) -> None:
    module = small_bundle(tmp_path / "small").manifest.modules["model"]
    assert [bucket["x"] for bucket in new_buckets(module, [(2, 4)], most=2)] == [(2, 4), (8, 4)]


def test_a_folder_that_shows_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(SampleFault, match="put pictures of your traffic there"):
        learned(OCR, tmp_path, most=3, limit=10, told=quiet)


def test_a_sample_is_spread_over_all_that_there_is(tmp_path: Path) -> None:
    for number in range(10):
        (tmp_path / f"{number}.png").touch()
    assert [path.stem for path in sample_pictures(tmp_path, 5)] == ["0", "2", "4", "6", "8"]
    assert len(sample_pictures(tmp_path, 100)) == 10
