"""The bundle's known inputs against their known outputs, on this device and engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pydantic import JsonValue

from paddle_runtime.bundle.selftest import SelfTest
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.pipeline.base import Body, PipelineAnswer

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


def error_rate(expected: str, got: str) -> float:
    """Edit distance over the expected length; 0 is equal."""
    if not expected:
        return float(bool(got))
    return edit_distance(expected, got) / len(expected)


def edit_distance(left: Sequence[str], right: Sequence[str]) -> int:
    """Insertions, deletions and substitutions that make one into the other."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]
