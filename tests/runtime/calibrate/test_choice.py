"""Which engine is taken from what was measured."""

from __future__ import annotations

import pytest

from paddle_runtime.bundle.calibration import Calibration, Measured
from paddle_runtime.bundle.engine import Device, Engine, Precision, Runner
from paddle_runtime.bundle.manifest import Module
from paddle_runtime.calibrate.choice import (
    calibrated,
    candidates,
    chosen,
    doubt,
    geometric_mean,
    with_buckets,
)
from tests.runtime.bundle.builders import description

PRESENT = Runner(Engine.PLAIN)


def measured(
    engine: Engine,
    milliseconds: float | None,
    difference: float = 0.0,
    half: bool = False,
    text_error: float | None = None,
) -> Measured:
    return Measured(
        engine=engine,
        precision=Precision.BFLOAT16 if half else Precision.FLOAT32,
        median_milliseconds=milliseconds,
        difference=None if milliseconds is None else difference,
        text_error=difference if text_error is None else text_error,
        failed="it ended with -6" if milliseconds is None else None,
    )


def taken(*rows: Measured, reference_error: float | None = 0.0) -> str:
    return str(chosen(rows, PRESENT, reference_error))


def test_the_fastest_that_reads_the_same_is_taken() -> None:
    plain, fast = measured(Engine.PLAIN, 100), measured(Engine.OPENVINO, 10)
    assert taken(plain, fast) == "OpenVINO"
    assert taken(plain, measured(Engine.OPENVINO, 10, difference=0.002)) == "Plain"
    assert taken(plain, measured(Engine.OPENVINO, None)) == "Plain"


def test_bfloat16_is_taken_only_where_no_more_characters_are_wrong() -> None:
    full = measured(Engine.ONEDNN, 10)
    assert taken(full, measured(Engine.ONEDNN, 5, half=True)) == "OneDNN BFloat16"
    assert taken(full, measured(Engine.ONEDNN, 5, difference=0.0005, half=True)) == "OneDNN"
    numbers = measured(Engine.ONEDNN, 5, difference=0.01, half=True)
    assert taken(full, numbers, reference_error=None) == "OneDNN"
    other = measured(Engine.ONEDNN, 5, difference=0.002, half=True, text_error=0.01)
    assert taken(full, other, reference_error=0.01) == "OneDNN BFloat16"
    assert taken(full, other, reference_error=0.009) == "OneDNN"


def test_what_is_there_stays_where_the_gain_is_noise_or_nothing_is_right() -> None:
    assert taken(measured(Engine.PLAIN, 100), measured(Engine.ONEDNN, 98)) == "Plain"
    assert taken(measured(Engine.OPENVINO, None)) == "Plain"


def test_a_buckets_gain_counts_by_its_share_of_that_bucket() -> None:
    assert geometric_mean([1.0, 100.0]) == pytest.approx(10)


def test_candidates_are_the_runners_that_have_their_program() -> None:
    start = description()["modules"]["model"]
    paddle = Module.model_validate(start)
    both = Module.model_validate({**start, "onnx": "m.onnx"})
    new = Module.model_validate({**start, "program": "m.json"})
    assert list(map(str, candidates(paddle, Device.CPU))) == [
        "OpenVINO",
        "OpenVINO BFloat16",
        "OneDNN",
        "OneDNN BFloat16",
        "Plain",
    ]
    assert "OnnxRuntime" in map(str, candidates(both, Device.CPU))
    assert list(map(str, candidates(new, Device.CPU))) == ["OneDNN", "OneDNN BFloat16", "Plain"]
    assert "TensorRT Float16" in map(str, candidates(paddle, Device.GPU))


def evidence(device: Device, engine: Engine, half: bool = False) -> Calibration:
    row = measured(engine, 1.0, half=half).model_copy(update={"chosen": True})
    return Calibration(
        date="2026-11-25",
        device=device,
        machine="a",
        cpus=2,
        measure="MaxAbsDifference",
        modules={"model": (row,)},
    )


def test_the_choice_and_its_evidence_are_written_by_device() -> None:
    first = calibrated(description(), evidence(Device.CPU, Engine.ONEDNN, half=True))
    second = calibrated(first, evidence(Device.GPU, Engine.TENSORRT))
    third = calibrated(second, evidence(Device.CPU, Engine.OPENVINO))
    model = third["modules"]["model"]
    assert first["modules"]["model"]["precision"] == "BFloat16"
    assert (model["engine"], "precision" in model) == ("OpenVINO", False)
    assert model["devices"] == {"GPU": {"engine": "TensorRT"}}
    assert [each["device"] for each in third["calibration"]] == ["GPU", "CPU"]
    assert description()["modules"]["model"]["engine"] == "Plain"


def test_a_devices_batches_outlive_another_choice_of_engine() -> None:
    present = {"engine": "TensorRT", "precision": "Float16", "batches": [1, 4]}
    before = description()
    before["modules"]["model"]["devices"] = {"GPU": present}
    after = calibrated(before, evidence(Device.GPU, Engine.PLAIN))["modules"]["model"]["devices"]
    assert after == {"GPU": {"engine": "Plain", "batches": [1, 4]}}


def test_less_than_full_precision_on_little_evidence_is_doubted() -> None:
    def told(pictures: int | None, characters: int | None, *, half: bool = True) -> str | None:
        counts = {"pictures": pictures, "characters": characters}
        return doubt(evidence(Device.CPU, Engine.ONEDNN, half=half).model_copy(update=counts))

    assert told(20, 1000) is None
    assert "model OneDNN BFloat16 read no worse on 19 pictures with 1000 characters" in str(told(19, 1000))
    assert told(20, 999) is not None
    assert told(1, 1, half=False) is None
    assert told(None, None) is None, "numbers were compared, not texts"


def test_evidence_from_before_pictures_were_counted_is_still_read() -> None:
    older = evidence(Device.CPU, Engine.ONEDNN).model_dump(mode="json", by_alias=True, exclude_none=True)
    assert "pictures" not in older
    assert Calibration.model_validate(older).pictures is None


def test_learned_shapes_replace_those_of_their_module() -> None:
    assert with_buckets(description(), {"model": [[2, 4]]})["modules"]["model"]["buckets"] == [[2, 4]]
    assert with_buckets(description(), {})["modules"] == description()["modules"]
