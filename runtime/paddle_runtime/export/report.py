"""What an export found out: as the command's JSON result, and as a table for people."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from paddle_runtime.export.flow import Exported
from paddle_runtime.export.inputs import shown, spelled
from paddle_runtime.export.measure import Row


def document(exported: Exported) -> dict[str, JsonValue]:
    """The stable form; milliseconds, MiB and absolute differences."""
    comparison = exported.comparison
    rows = [comparison.dynamic, *comparison.engines.values()]
    return {
        "path": str(exported.path),
        "digest": exported.digest,
        "sizeBytes": exported.size_bytes,
        "form": exported.program.form.value,
        "engine": exported.engine.value,
        "onnx": exported.onnx,
        "inputs": [spec.model_dump(mode="json") for spec in exported.inputs.specs],
        "outputs": [spec.model_dump(mode="json") for spec in exported.outputs],
        "selfTests": len(exported.sides.vectors),
        "branches": {
            "alive": [branch.place for branch in exported.sides.alive],
            "leftOut": [branch.place for branch in exported.sides.dropped],
            "conditionalsInProgram": exported.program.conditionals,
        },
        "insensitive": exported.insensitive,
        "comparison": {
            "repetitions": comparison.repetitions,
            "inputs": [shown(vector.bucket) for vector in exported.sides.vectors],
            "contestants": {row.name: _row(row) for row in rows},
            "out": {engine.value: words for engine, words in comparison.out.items()},
        },
    }


def _row(row: Row) -> JsonValue:
    return {
        "medianMilliseconds": [round(times.median, 3) for times in row.times],
        "p95Milliseconds": [round(times.p95, 3) for times in row.times],
        "difference": list(row.differences),
        "memorySwingMiB": round(row.swing_mib, 2),
        "memoryPeakMiB": round(row.peak_mib, 1),
    }


def text(exported: Exported) -> str:
    """For people."""
    return "\n".join(_lines(exported))


def _lines(exported: Exported) -> Iterator[str]:
    comparison, sides = exported.comparison, exported.sides
    yield f"{exported.path}: {exported.size_bytes / 1e6:.1f} MB, {exported.digest}"
    yield (
        f"takes {', '.join(spelled(spec) for spec in exported.inputs.specs)}; gives "
        f"{', '.join(spelled(spec) for spec in exported.outputs)}"
    )
    forms = f"{exported.program.form.value.lower()} form" + (" and ONNX" if exported.onnx else "")
    yield f"engine {exported.engine}, {forms}"
    for branch in sides.alive:
        yield f"both sides alive and proved: {branch.place}"
    for branch in sides.dropped:
        yield f"ONE SIDE LEFT OUT OR UNPROVED: {branch.place}"
    rows = [comparison.dynamic, *comparison.engines.values()]
    yield f"\n{comparison.repetitions} interleaved calls each, milliseconds (median / p95 / difference):"
    yield _cells("input", [row.name for row in rows])
    for number, vector in enumerate(sides.vectors):
        yield _cells(shown(vector.bucket), [_times(row, number, comparison.dynamic) for row in rows])
    yield _cells("memory", [f"+-{row.swing_mib:.1f} MiB of {row.peak_mib:.0f}" for row in rows])
    for engine, words in comparison.out.items():
        yield f"{engine} is out: it {words}"
    if exported.insensitive:
        yield "WARNING: the outputs hardly depend on the inputs, so the self-tests prove little"


def _times(row: Row, number: int, dynamic: Row) -> str:
    times = row.times[number]
    shown_times = f"{times.median:.2f} / {times.p95:.2f}"
    return shown_times if row is dynamic else f"{shown_times} / {row.differences[number]:.1e}"


def _cells(first: str, others: list[str]) -> str:
    return f"{first:<18}" + "".join(f"{cell:>28}" for cell in others)
