"""Which runner of a module is taken, from what was measured. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from paddle_runtime.bundle.calibration import Calibration, Measured
from paddle_runtime.bundle.engine import RUNNERS, Device, Precision, Runner, runner_problem
from paddle_runtime.bundle.manifest import Module

# A measured gain below this is noise: what is there stays.
LEAST_GAIN = 0.03
# Engines at full precision differ in the last digits, which may turn one doubtful character in a thousand.
MAX_TEXT_ERROR = 0.001
MAX_DIFFERENCE = 1e-3
# On less than this "no character more is wrong" may be luck.
ENOUGH_PICTURES = 20
ENOUGH_CHARACTERS = 1000


def candidates(module: Module, device: Device) -> tuple[Runner, ...]:
    """Every runner of a device that has the program it needs."""
    paddle, onnx = module.program is not None, module.onnx is not None
    legacy = module.program is not None and module.program.endswith(".pdmodel")
    return tuple(
        runner
        for runner in RUNNERS[device]
        if runner_problem(device, runner, paddle=paddle, onnx=onnx) is None
        and (legacy or runner.engine not in {"OpenVINO", "TensorRT"})
    )


def acceptable(measured: Measured, reference_error: float | None) -> bool:
    """Whether it ran and answers rightly. Less than full precision may read no more characters wrongly.

    reference_error: the text error of the reference; None where numbers are compared, not texts.
    """
    if measured.failed is not None or measured.difference is None or measured.median_milliseconds is None:
        return False
    if reference_error is None:
        return measured.difference <= MAX_DIFFERENCE
    if measured.precision is Precision.FLOAT32:
        return measured.difference <= MAX_TEXT_ERROR
    return measured.text_error is not None and measured.text_error <= reference_error


def chosen(measured: Sequence[Measured], present: Runner, reference_error: float | None) -> Runner:
    """The fastest that answers rightly; the present one where nothing is faster by more than noise."""
    right = [each for each in measured if acceptable(each, reference_error)]
    if not right:
        return present
    best = min(right, key=_milliseconds)
    here = next((each for each in right if Runner(each.engine, each.precision) == present), None)
    if here is not None and _milliseconds(best) > (1 - LEAST_GAIN) * _milliseconds(here):
        return present
    return Runner(best.engine, best.precision)


def doubt(calibration: Calibration) -> str | None:
    """Why a choice of less than full precision should not be trusted yet; None: nothing speaks against it."""
    pictures, characters = calibration.pictures, calibration.characters
    if pictures is None or characters is None:
        return None
    if pictures >= ENOUGH_PICTURES and characters >= ENOUGH_CHARACTERS:
        return None
    less = [
        f"{name} {Runner(each.engine, each.precision)}"
        for name, rows in calibration.modules.items()
        for each in rows
        if each.chosen and each.precision is not Precision.FLOAT32
    ]
    if not less:
        return None
    return (
        f"{', '.join(less)} read no worse on {pictures} pictures with {characters} characters, which is "
        f"little: calibrate again with --sample and at least {ENOUGH_PICTURES} pictures with "
        f"{ENOUGH_CHARACTERS} characters of your traffic"
    )


def geometric_mean(values: Iterable[float]) -> float:
    """So that a small bucket's gain of a tenth counts as much as a large one's."""
    logarithms = [math.log(max(value, 1e-6)) for value in values]
    return math.exp(sum(logarithms) / len(logarithms))


def with_buckets(document: Mapping[str, Any], buckets: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """model.yaml with other shapes."""
    modules = {
        name: {**module, "buckets": list(buckets[name])} if name in buckets else module
        for name, module in document["modules"].items()
    }
    return {**document, "modules": modules}


def calibrated(document: Mapping[str, Any], calibration: Calibration) -> dict[str, Any]:
    """model.yaml with the chosen runners and the evidence, which replaces that of an earlier run."""
    device = calibration.device
    modules = {name: dict(module) for name, module in document["modules"].items()}
    for name, measured in calibration.modules.items():
        taken = next((each for each in measured if each.chosen), None)
        if taken is None:
            continue
        words = _words(Runner(taken.engine, taken.precision))
        if device is Device.CPU:
            modules[name].pop("precision", None)
            modules[name].update(words)
        else:
            devices = modules[name].get("devices", {})
            kept = {key: value for key, value in devices.get(device.value, {}).items() if key != "precision"}
            modules[name]["devices"] = {**devices, device.value: {**kept, **words}}
    older = [each for each in document.get("calibration", ()) if each["device"] != device.value]
    evidence = calibration.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {**document, "modules": modules, "calibration": [*older, evidence]}


def _words(runner: Runner) -> dict[str, str]:
    full = runner.precision is Precision.FLOAT32
    return {"engine": runner.engine.value, **({} if full else {"precision": runner.precision.value})}


def _milliseconds(measured: Measured) -> float:
    assert measured.median_milliseconds is not None
    return measured.median_milliseconds
