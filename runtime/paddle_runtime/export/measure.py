"""Dynamic against static on the same inputs: equal outputs first, then interleaved times and memory."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paddle_runtime.bundle.engine import Engine
from paddle_runtime.export.contestants import CannotRun, Contestant
from paddle_runtime.export.faults import ExportFault, ExportReason
from paddle_runtime.export.sides import Vector
from paddle_runtime.predictor.session import Array

WARM_CALLS = 3
COMPARING_SHARE = 0.5  # of what is told as done; the rest is timing
MIB = 1024 * 1024
Report = Callable[[str, float], None]


@dataclass(frozen=True)
class Times:
    """Milliseconds of one input's calls."""

    median: float
    p95: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Times:
        """From the seconds of each call; p95 is the value that at most one call in twenty exceeded."""
        ordered = sorted(seconds)
        high = ordered[max(0, math.ceil(0.95 * len(ordered)) - 1)]
        return cls(statistics.median(ordered) * 1e3, high * 1e3)


@dataclass(frozen=True)
class Row:
    """One contestant: times and differences by input (the layer has none), its memory's swing and peak."""

    name: str
    times: tuple[Times, ...]
    swing_mib: float
    peak_mib: float
    differences: tuple[float, ...]

    @property
    def total(self) -> float:
        """Milliseconds of all inputs once."""
        return sum(times.median for times in self.times)


@dataclass(frozen=True)
class Comparison:
    """dynamic first; engines whose outputs are equal; and those that are out, with why."""

    repetitions: int
    dynamic: Row
    engines: Mapping[Engine, Row]
    out: Mapping[Engine, str]

    @property
    def fastest(self) -> Engine:
        """Of the engines that answer as the layer does."""
        return min(self.engines, key=lambda engine: self.engines[engine].total)


@dataclass(frozen=True)
class Job:
    """What is compared: where the inputs of `vectors` lie, what to start, how often to call."""

    vectors: Sequence[Vector]
    dynamic: Mapping[str, object]
    statics: Mapping[Engine, Mapping[str, object]]
    scratch: Path
    repetitions: int
    tolerance: float


def allowed(expected: Array, tolerance: float) -> float:
    """The difference that passes: a share of the largest value, so that small outputs are no free pass."""
    if expected.dtype.kind != "f" or expected.size == 0:
        return 0.0
    return tolerance * max(float(np.max(np.abs(expected))), 1e-9)


def compare(job: Job, report: Report) -> Comparison:
    """The engines that are right, and what each costs; OutputDiffers or ProgramFailed when none is."""
    with ExitStack() as stack:
        dynamic = _enter(stack, "dynamic", job.dynamic, job.scratch)
        dynamic.start()
        running: dict[Engine, Contestant] = {}
        differences: dict[Engine, tuple[float, ...]] = {}
        out: dict[Engine, str] = {}
        wrong = False
        for number, (engine, order) in enumerate(job.statics.items()):
            contestant = _enter(stack, engine.value, order, job.scratch)
            report(f"comparing {engine} with the layer", COMPARING_SHARE * number / len(job.statics))
            try:
                contestant.start()
                far, problem = _differences(contestant, job)
            except CannotRun as words:
                out[engine] = f"cannot run it: {words}"
                continue
            if problem:
                wrong = True
                out[engine] = problem
                continue
            running[engine], differences[engine] = contestant, far
        if not running:
            raise _none_right(out, wrong=wrong)
        everybody = [dynamic, *running.values()]
        times = _interleaved(everybody, job, report)
        rows = {
            each.name: Row(
                each.name,
                tuple(Times.of(seconds) for seconds in times[each.name]),
                each.memory.swing / MIB,
                each.memory.high / MIB,
                differences.get(Engine(each.name), ()) if each is not dynamic else (0.0,) * len(job.vectors),
            )
            for each in everybody
        }
    return Comparison(
        job.repetitions, rows["dynamic"], {engine: rows[engine.value] for engine in running}, out
    )


def _enter(stack: ExitStack, name: str, order: Mapping[str, object], scratch: Path) -> Contestant:
    return stack.enter_context(Contestant(name, order, scratch / f"{name}.log"))


def _differences(contestant: Contestant, job: Job) -> tuple[tuple[float, ...], str | None]:
    """The largest difference of every input from the dynamic outputs, and the first that is too large."""
    found = []
    for number, vector in enumerate(job.vectors):
        place = job.scratch / f"{contestant.name}-{number}.npz"
        contestant.run(number, place)
        with np.load(place, allow_pickle=False) as stored:
            outputs = [stored[name] for name in stored.files]
        worst = 0.0
        for index, (wanted, got) in enumerate(zip(vector.outputs, outputs, strict=False)):
            if got.shape != wanted.shape or len(outputs) != len(vector.outputs):
                return (), (
                    f"answers shape {got.shape} where the layer answers {wanted.shape} "
                    f"(output {index} at {vector.shown})"
                )
            far = np.abs(got.astype(np.float64) - wanted.astype(np.float64))
            difference = float(np.max(far, initial=0.0))
            if not difference <= (limit := allowed(wanted, job.tolerance)):
                return (), (
                    f"differs from the layer by {difference:.3g} in output {index} at {vector.shown}, "
                    f"allowed is {limit:.3g}"
                )
            worst = max(worst, difference)
        found.append(worst)
    return tuple(found), None


def _interleaved(everybody: Sequence[Contestant], job: Job, report: Report) -> dict[str, list[list[float]]]:
    """Seconds of each call, by contestant and input; all are called in turn, so a disturbance meets all."""
    times: dict[str, list[list[float]]] = {each.name: [[] for _ in job.vectors] for each in everybody}
    for each in everybody:
        for number in list(range(len(job.vectors))) * WARM_CALLS:
            each.run(number)
        each.memory.forget()
    for repetition in range(job.repetitions):
        done = COMPARING_SHARE + (1 - COMPARING_SHARE) * repetition / job.repetitions
        report(f"timing, repetition {repetition + 1} of {job.repetitions}", done)
        first = repetition % len(everybody)
        for number in range(len(job.vectors)):
            for each in (*everybody[first:], *everybody[:first]):
                times[each.name][number].append(each.run(number))
    return times


def _none_right(out: Mapping[Engine, str], *, wrong: bool) -> ExportFault:
    told = "; ".join(f"{engine} {words}" for engine, words in out.items())
    if wrong:
        return ExportFault(
            ExportReason.OutputDiffers,
            f"the program does not answer as the layer does: {told}. Is the layer random, or does it decide "
            "on something that is not a tensor or a shape? --tolerance sets how much may differ.",
        )
    return ExportFault(ExportReason.ProgramFailed, f"no engine can run the program: {told}.")
