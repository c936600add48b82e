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
from paddle_runtime.calibrate.choice import candidates, chosen, geometric_mean
from paddle_runtime.calibrate.probing import Order, Probe, ProbeFailed
from paddle_runtime.pipeline.selftest import error_rate
from paddle_runtime.predictor.libpaddle import DISTRIBUTIONS
from paddle_runtime.tasks import Task

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
            difference=None if self.difference is None else float(f"{self.difference:.3g}"),
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
    text = reads_text(bundle)
    texts = Texts(bundle, plan) if text else None
    measured: dict[str, tuple[Measured, ...]] = {}
    for name, module in bundle.manifest.modules.items():
        tried = try_candidates(bundle, name, plan, told)
        if texts is not None:
            for each in tried:
                texts.compare(name, each, told)
        present = module.runner(plan.device)
        rows = [each.measured(each.runner) for each in tried]
        taken = chosen(rows, present, text=text)
        measured[name] = tuple(each.measured(taken) for each in tried)
    return Calibration(
        date=date.today().isoformat(),  # noqa: DTZ011  the day where it was measured
        device=plan.device,
        machine=machine(),
        cpus=len(os.sched_getaffinity(0)),
        paddle=installed(*DISTRIBUTIONS),
        onnxruntime=installed("onnxruntime", "onnxruntime-gpu"),
        measure="TextErrorRate" if text else "MaxAbsDifference",
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
    """What pictures read as, on the reference and on a bundle with one module changed."""

    def __init__(self, bundle: Bundle, plan: Plan) -> None:
        self._bundle, self._plan = bundle, plan
        tests = [test.picture for test in bundle.manifest.self_test if test.picture is not None]
        self._pictures = [*(bundle.file(picture) for picture in tests), *plan.pictures]
        self._reference: list[str] | None = None
        self._kind = "ocr" if {"detect", "recognise"} <= set(bundle.manifest.modules) else "ocr/recognise"

    def compare(self, name: str, candidate: Candidate, told: Told) -> None:
        """Set the candidate's error rate over all pictures against the reference."""
        if candidate.failed is not None:
            return
        try:
            reference = self._reference or self._read_reference(told)
            texts = self._read({name: candidate.runner}, f"{name} {candidate.runner}", told)
        except ProbeFailed as failure:
            candidate.failed = str(failure)[:MAX_WORDS]
            return
        candidate.difference = error_rate("\n".join(reference), "\n".join(texts))

    def _read_reference(self, told: Told) -> list[str]:
        modules = self._bundle.manifest.modules.items()
        plain = {name: reference_of(candidates(module, self._plan.device)) for name, module in modules}
        self._reference = self._read(plain, "the reference", told)
        return self._reference

    def _read(self, runners: Mapping[str, Runner], what: str, told: Told) -> list[str]:
        order = Order(self._bundle.path, self._plan.device, runners, prove=False, warm=False)
        texts = []
        with Probe(order) as probe:
            for number, picture in enumerate(self._pictures):
                told(f"reading {picture.name} with {what}", number / len(self._pictures))
                texts.append(str(probe.ask(do="read", picture=str(picture), kind=self._kind)["text"]))
        return texts


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
