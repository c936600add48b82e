"""Engines against each other on this machine, and a bundle as it is: the numbers of `bench`."""

from __future__ import annotations

import os
import platform
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from paddle_runtime.bundle.calibration import Calibration, Measured
from paddle_runtime.bundle.engine import Device, Engine, Runner
from paddle_runtime.bundle.manifest import Module
from paddle_runtime.bundle.signature import Shape
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.calibrate.choice import acceptable, candidates, chosen, geometric_mean
from paddle_runtime.calibrate.probing import Order, Probe, ProbeFailed
from paddle_runtime.calibrate.sample import text_beside
from paddle_runtime.predictor.libpaddle import DISTRIBUTIONS
from paddle_runtime.tasks import Task
from paddle_runtime.text_error import edit_distance

# told(what is done now, share of all that is done)
Told = Callable[[str, float], None]
MAX_WORDS = 300
LINE = (1, 3, 48, 320)


@dataclass(frozen=True)
class Plan:
    """What to measure and how often."""

    device: Device
    repetitions: int
    pictures: Sequence[Path] = ()


@dataclass
class Candidate:
    """A runner of one module, and what became of it."""

    runner: Runner
    probe: Probe | None = None
    failed: str | None = None
    times: dict[int, list[float]] = field(default_factory=dict)
    resident_mib: float = 0.0
    load_seconds: float = 0.0
    difference: float | None = None
    text_error: float | None = None

    def measured(self, taken: Runner) -> Measured:
        """For model.yaml."""
        start = {"engine": self.runner.engine, "precision": self.runner.precision}
        if self.failed is not None:
            return Measured(**start, failed=self.failed)
        return Measured(
            **start,
            chosen=self.runner == taken,
            median_milliseconds=round(self.milliseconds(), 3),
            resident_mib=round(self.resident_mib, 1),
            load_seconds=round(self.load_seconds, 3),
            difference=_short(self.difference),
            text_error=_short(self.text_error),
        )

    def milliseconds(self) -> float:
        """Over the buckets."""
        return geometric_mean(statistics.median(times) for times in self.times.values())


def report(bundle: Bundle, plan: Plan, told: Told) -> dict[str, JsonValue]:
    """A bundle as a worker starts it, then each program at each bucket."""
    bundle = bundle.on(plan.device)
    told("starting as a worker does", 0.0)
    with Probe(Order(bundle.path, plan.device, {})) as worker:
        cold = worker.start_seconds
        opened = worker.opened
    modules = bundle.manifest.modules
    with Probe(Order(bundle.path, plan.device, {}, modules=list(modules))) as probe:
        times = {
            name: interleaved([probe], name, modules[name], plan.repetitions, told)[0] for name in modules
        }
    return {
        "device": plan.device.value,
        "machine": machine(),
        "bundleBytes": bundle.manifest.size_bytes,
        "selfTests": len(bundle.manifest.self_test),
        "coldStartSeconds": round(cold, 3),
        "loadSeconds": {name: round(seconds, 3) for name, seconds in opened["seconds"].items()},
        "residentMib": round(opened["residentMib"], 1),
        "peakMib": round(opened["peakMib"], 1),
        "lineMedianMilliseconds": line_median(bundle, times),
        "modules": {
            name: {
                "engine": str(module.runner(plan.device)),
                "buckets": [
                    {
                        "shapes": {key: list(shape) for key, shape in bucket.items()},
                        "medianMilliseconds": round(statistics.median(times[name][index]), 3),
                        "p95Milliseconds": round(percentile(times[name][index], 95), 3),
                    }
                    for index, bucket in enumerate(module.buckets)
                ],
            }
            for name, module in modules.items()
        },
    }


def line_median(bundle: Bundle, times: Mapping[str, Mapping[int, Sequence[float]]]) -> float | None:
    """One line of 48 x 320 pixels through the recogniser, in milliseconds; None where there is none."""
    module = bundle.manifest.modules.get("recognise")
    if module is None or LINE not in module.shapes():
        return None
    return round(statistics.median(times["recognise"][module.shapes().index(LINE)]), 3)


def calibrate(bundle: Bundle, plan: Plan, told: Told) -> Calibration:
    """Every runner of every module, and which is taken."""
    bundle = bundle.on(plan.device)
    texts = Texts(bundle, plan, told) if reads_text(bundle) else None
    measured: dict[str, tuple[Measured, ...]] = {}
    taken: dict[str, Runner] = {}
    for name, module in bundle.manifest.modules.items():
        tried = try_candidates(bundle, name, plan, told)
        present = module.runner(plan.device)
        if texts is not None:
            texts.compare(name, tried, present, taken)
        rows = [each.measured(each.runner) for each in tried]
        taken[name] = chosen(rows, present, None if texts is None else texts.reference_error)
        measured[name] = tuple(each.measured(taken[name]) for each in tried)
    return Calibration(
        date=date.today().isoformat(),  # noqa: DTZ011  the day where it was measured
        device=plan.device,
        machine=machine(),
        cpus=len(os.sched_getaffinity(0)),
        paddle=installed(*DISTRIBUTIONS),
        onnxruntime=installed("onnxruntime", "onnxruntime-gpu"),
        measure="MaxAbsDifference" if texts is None else "TextErrorRate",
        pictures=None if texts is None else texts.pictures,
        characters=None if texts is None else texts.characters,
        modules=measured,
    )


def try_candidates(bundle: Bundle, name: str, plan: Plan, told: Told) -> list[Candidate]:
    """Open every runner of a module, time them in turns, compare their numbers with the reference's."""
    module = bundle.manifest.modules[name]
    last: ProbeFailed | None = None
    tried = [Candidate(runner) for runner in candidates(module, plan.device)]
    with ExitStack() as stack, tempfile.TemporaryDirectory() as scratch:
        for each in tried:
            told(f"{name}: opening {each.runner}", 0.0)
            try:
                order = Order(bundle.path, plan.device, {name: each.runner}, modules=[name])
                each.probe = stack.enter_context(Probe(order))
                each.load_seconds = each.probe.opened["seconds"]["load"]
                each.resident_mib = each.probe.opened["residentMib"]
            except ProbeFailed as failure:
                each.failed, last = str(failure)[:MAX_WORDS], failure
        if last is not None and all(each.failed is not None for each in tried):
            raise last
        running = [each for each in tried if each.probe is not None]
        rows = interleaved([_alive(each) for each in running], name, module, plan.repetitions, told)
        for each, times in zip(running, rows, strict=True):
            each.times = times
        if not reads_text(bundle):
            compare_numbers(name, running, Path(scratch))
    return tried


def interleaved(
    probes: Sequence[Probe], name: str, module: Module, repetitions: int, told: Told
) -> list[dict[int, list[float]]]:
    """Milliseconds by bucket for each process: one call each in turn, so that all meet the same machine."""
    rows: list[dict[int, list[float]]] = [{} for _ in probes]
    for bucket in range(len(module.buckets)):
        told(f"{name} {shown(module.buckets[bucket])}", bucket / len(module.buckets))
        for _ in range(repetitions):
            for row, probe in zip(rows, probes, strict=True):
                answer = probe.ask(do="time", module=name, bucket=bucket)
                row.setdefault(bucket, []).append(answer["milliseconds"])
    return rows


def reads_text(bundle: Bundle) -> bool:
    """Whether a change shows in the text that is read; else it shows in the numbers."""
    return bundle.manifest.task is Task.OCR and "recognise" in bundle.manifest.modules


def reference_of(runners: Sequence[Runner]) -> Runner:
    """What the others are compared with: Paddle's own kernels where there are any."""
    return next((runner for runner in runners if runner == Runner(Engine.PLAIN)), runners[0])


def compare_numbers(name: str, running: Sequence[Candidate], scratch: Path) -> None:
    """The largest absolute difference of any output from the reference's."""
    if not running:
        return
    saved: dict[Runner, list[np.ndarray]] = {}
    for number, each in enumerate(running):
        file = scratch / f"{number}.npz"
        _alive(each).ask(do="save", module=name, file=str(file))
        with np.load(file) as arrays:
            saved[each.runner] = [arrays[key] for key in arrays.files]
    reference = saved[reference_of([each.runner for each in running])]
    for each in running:
        each.difference = max(map(largest_difference, reference, saved[each.runner]), default=0.0)


def largest_difference(wanted: np.ndarray, got: np.ndarray) -> float:
    """Largest absolute difference; another shape or a NaN is as far as can be."""
    if wanted.shape != got.shape:
        return 1e30
    if wanted.size == 0:
        return 0.0
    worst = float(np.max(np.abs(wanted.astype(np.float64) - got.astype(np.float64))))
    return worst if np.isfinite(worst) else 1e30


class Texts:
    """What pictures read as: on the reference, and on a bundle with one module changed."""

    def __init__(self, bundle: Bundle, plan: Plan, told: Told) -> None:
        self._bundle, self._plan, self._told = bundle, plan, told
        self._kind = "ocr" if {"detect", "recognise"} <= set(bundle.manifest.modules) else "ocr/recognise"
        known = {
            bundle.file(test.picture): " ".join(test.lines)
            for test in bundle.manifest.self_test
            if test.picture is not None
            and not test.outputs
            and (test.module is None or self._kind == "ocr/recognise")
        }
        known |= {picture: text for picture in plan.pictures if (text := text_beside(picture)) is not None}
        self._pictures = list(dict.fromkeys([*known, *plan.pictures]))
        modules = bundle.manifest.modules.items()
        plain = {name: reference_of(candidates(module, plan.device)) for name, module in modules}
        self._reference = self._read(plain, "the reference", prove=False)
        # The right text where it is known, else what the reference reads.
        self._right = [
            known.get(picture, read) for picture, read in zip(self._pictures, self._reference, strict=True)
        ]
        self.reference_error = text_error(self._right, self._reference)
        self.pictures = len(self._pictures)
        self.characters = sum(len(one_line(text)) for text in self._right)

    def compare(
        self, name: str, tried: Sequence[Candidate], present: Runner, taken: Mapping[str, Runner]
    ) -> None:
        """Read with the fastest first until one reads rightly, since no slower one is taken; and the present.

        taken: what was taken for other modules. They are read with, for the choice must be right as a whole.
        """
        found = False
        for each in sorted((each for each in tried if each.failed is None), key=Candidate.milliseconds):
            if found and each.runner != present:
                continue
            try:
                texts = self._read({**taken, name: each.runner}, f"{name} {each.runner}", prove=True)
            except ProbeFailed as failure:
                each.failed = str(failure)[:MAX_WORDS]
                continue
            each.difference = text_error(self._reference, texts)
            each.text_error = text_error(self._right, texts)
            found = found or acceptable(each.measured(each.runner), self.reference_error)

    def _read(self, runners: Mapping[str, Runner], what: str, *, prove: bool) -> list[str]:
        order = Order(self._bundle.path, self._plan.device, runners, prove=prove, warm=False)
        texts = []
        with Probe(order) as probe:
            for number, picture in enumerate(self._pictures):
                self._told(f"reading {picture.name} with {what}", number / len(self._pictures))
                texts.append(str(probe.ask(do="read", picture=str(picture), kind=self._kind)["text"]))
        return texts


def text_error(right: Sequence[str], got: Sequence[str]) -> float:
    """Characters to change over those that there are; line ends and runs of spaces count as one space."""
    pairs = [(one_line(a), one_line(b)) for a, b in zip(right, got, strict=True)]
    return sum(edit_distance(a, b) for a, b in pairs) / max(1, sum(len(a) for a, _ in pairs))


def one_line(text: str) -> str:
    """Line ends and runs of spaces as one space, none at the ends."""
    return " ".join(text.split())


def _short(figure: float | None) -> float | None:
    """Three digits."""
    return None if figure is None else float(f"{figure:.3g}")


def percentile(values: Sequence[float], percent: int) -> float:
    """Of the sorted values the one that so many percent do not exceed."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


def shown(bucket: Mapping[str, Shape]) -> str:
    """1x3x48x320."""
    return ", ".join("x".join(map(str, shape)) for shape in bucket.values())


def machine() -> str:
    """The CPU's name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return (names[0] if names else platform.machine())[:200]


def installed(*names: str) -> str | None:
    """The version of the first that is installed."""
    for name in names:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return None


def _alive(candidate: Candidate) -> Probe:
    assert candidate.probe is not None
    return candidate.probe
