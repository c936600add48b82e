"""The bundle's known inputs against their known outputs, on this device and engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from pydantic import JsonValue

from paddle_runtime.bundle.manifest import Module
from paddle_runtime.bundle.selftest import SelfTest, TensorValue
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.pipeline.base import Body, PipelineAnswer
from paddle_runtime.pipeline.seeded import seeded_array
from paddle_runtime.pipeline.values import to_array
from paddle_runtime.predictor.session import Array
from paddle_runtime.text_error import error_rate

Run = Callable[[memoryview, Mapping[str, JsonValue]], PipelineAnswer[Body]]


def check_picture(bundle: Bundle, test: SelfTest, run: Run) -> None:
    """The picture of a self-test must read as written, within its error rate."""
    if test.picture is None:
        return
    got = texts_of(run(memoryview(bundle.file(test.picture).read_bytes()), {}).body)
    rate = error_rate("\n".join(test.lines), "\n".join(got))
    if rate > test.max_error_rate:
        wrong = next((pair for pair in zip(test.lines, got, strict=False) if pair[0] != pair[1]), None)
        first = f"; first difference: {wrong[1]!r} instead of {wrong[0]!r}" if wrong else ""
        raise unfit(
            f"{test.picture} was read with character error rate {rate:.3f}, allowed is "
            f"{test.max_error_rate:.3f} ({len(got)} lines, expected {len(test.lines)}){first}",
            "The device, the engine or the dictionary does not fit these weights",
        )


def answers(
    test: SelfTest, module: Module, run: Callable[[Mapping[str, Array]], Sequence[Array]]
) -> dict[str, Array]:
    """What a program answers to the known tensors, by output. run: the program."""
    given = {tensor.name: given_array(tensor) for tensor in test.inputs}
    return dict(zip((spec.name for spec in module.outputs), run(given), strict=True))


def answer_problem(test: SelfTest, got: Mapping[str, Array]) -> str | None:
    """How an answer differs from what is known of it, or None."""
    problems = (output_problem(wanted, got.get(wanted.name), test.tolerance) for wanted in test.outputs)
    return next((problem for problem in problems if problem), None)


def given_array(tensor: TensorValue) -> Array:
    """An input of a self-test."""
    if tensor.seeded is not None:
        return seeded_array(tensor.datatype, tensor.shape, tensor.seeded)
    return to_array(tensor.datatype, tensor.shape, tensor.data)


def output_problem(wanted: TensorValue, got: Array | None, tolerance: float) -> str | None:
    """How an output differs from what a self-test expects, or None. An output's own tolerance counts more."""
    if got is None or got.shape != wanted.shape:
        return f"output {wanted.name} has shape {None if got is None else got.shape}, not {wanted.shape}"
    kept = to_array(wanted.datatype, (len(wanted.data),), wanted.data)
    allowed = tolerance if wanted.tolerance is None else wanted.tolerance
    return difference(wanted.name, kept, got.ravel()[:: wanted.every], allowed)


def difference(name: str, wanted: Array, got: Array | None, tolerance: float) -> str | None:
    """How an output differs from what was expected, or None; not-a-number never passes."""
    if got is None or got.shape != wanted.shape:
        return f"output {name} has shape {None if got is None else got.shape}, expected {wanted.shape}"
    if wanted.size == 0:
        return None
    far = np.abs(got.astype(np.float64) - wanted.astype(np.float64))
    worst = float(np.max(far))
    if worst <= tolerance:
        return None
    place = int(np.argmax(np.where(np.isnan(far), np.inf, far)))
    return (
        f"output {name} differs by {worst:.3g}, allowed is {tolerance:.3g}: value {place} is "
        f"{got.ravel()[place]}, expected {wanted.ravel()[place]}"
    )


def unfit(problem: str, suspects: str) -> BundleFault:
    """The fault of a self-test that did not come out as the bundle says."""
    return BundleFault(
        BundleReason.SelfTestFailed, f"{problem}. {suspects}: try engine Plain, or another build of Paddle."
    )


def texts_of(body: Mapping[str, JsonValue]) -> list[str]:
    """The texts of an OCR answer: of a page, or of one line."""
    if "text" in body:
        return [str(body["text"])]
    lines = body["lines"]
    assert isinstance(lines, list)
    return [str(line["text"]) for line in lines if isinstance(line, dict)]
