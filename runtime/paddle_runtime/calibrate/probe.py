"""A process that opens programs with given runners, and answers what `bench` asks: a line in, a line out.

A process of its own for each, because an engine keeps memory that no other one must be charged with, and
because some end the process instead of raising. The first line says what to open.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from paddle_runtime.bundle.engine import Device, Engine, Precision
from paddle_runtime.bundle.manifest import Module, RunnerChoice
from paddle_runtime.bundle.signature import NUMPY_NAMES, Datatype, Shape
from paddle_runtime.bundle.store import Bundle, open_bundle
from paddle_runtime.dispatch.memory import resident_bytes
from paddle_runtime.errors import BundleFault
from paddle_runtime.pipeline import open_pipeline, prove
from paddle_runtime.pipeline.selftest import given_array, texts_of
from paddle_runtime.pipeline.warmup import warm_modules
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.predictor.opening import open_session
from paddle_runtime.predictor.session import Array, paddle_words

MIB = 1024 * 1024
Answer = Mapping[str, Any]
Actions = Mapping[str, Callable[[Mapping[str, Any]], Answer]]


def main() -> int:
    """Until the questions end."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # frameworks print; our standard output is for answers
    order = json.loads(sys.stdin.readline())
    try:
        opened, actions = _open(order)
        _tell(answers, opened)
        for line in sys.stdin:
            asked = json.loads(line)
            _tell(answers, actions[asked["do"]](asked))
    except BundleFault as fault:
        _tell(answers, {"failed": str(fault), "reason": fault.reason.name})
        return 1
    except Exception as error:
        _tell(answers, {"failed": paddle_words(error)})
        return 1
    return 0


def _open(order: Mapping[str, Any]) -> tuple[Answer, Actions]:
    settings = DeviceSettings(device=Device(order["device"]))
    bundle = with_runners(open_bundle(Path(order["bundle"])), settings.device, order["runners"])
    bundle = bundle.on(settings.device)
    opener = _open_whole if order["whole"] else _open_modules
    return opener(bundle, settings, order)


def with_runners(bundle: Bundle, device: Device, runners: Mapping[str, tuple[str, str]]) -> Bundle:
    """The bundle with other engines, in memory alone."""
    modules = dict(bundle.manifest.modules)
    for name, (engine, precision) in runners.items():
        modules[name] = _with_runner(modules[name], device, Engine(engine), Precision(precision))
    return replace(bundle, manifest=bundle.manifest.model_copy(update={"modules": modules}))


def _with_runner(module: Module, device: Device, engine: Engine, precision: Precision) -> Module:
    if device is Device.CPU:
        return module.model_copy(update={"engine": engine, "precision": precision})
    words = {"engine": engine, "precision": precision}
    present = module.devices.get(device)
    choice = present.model_copy(update=words) if present else RunnerChoice(**words)
    return module.model_copy(update={"devices": {**module.devices, device: choice}})


def _open_whole(bundle: Bundle, settings: DeviceSettings, order: Mapping[str, Any]) -> tuple[Answer, Actions]:
    """A worker's start: load, self-test, warm-up. Then it reads pictures."""
    seconds: dict[str, float] = {}
    with _Timed(seconds, "load"):
        pipeline = open_pipeline(bundle, settings)
    with _Timed(seconds, "selfTest"):
        if order["prove"]:
            prove(pipeline, settings)
    with _Timed(seconds, "warmUp"):
        if order["warm"]:
            pipeline.warm_up(lambda what, share: None)

    def read(asked: Mapping[str, Any]) -> Answer:
        answer = pipeline.run(asked["kind"], memoryview(Path(asked["picture"]).read_bytes()), {})
        return {"text": "\n".join(texts_of(answer.body))}

    return {"seconds": seconds, **_memory()}, {"read": read, "memory": lambda _: _memory()}


def _open_modules(
    bundle: Bundle, settings: DeviceSettings, order: Mapping[str, Any]
) -> tuple[Answer, Actions]:
    """Some modules' programs alone, every bucket warm. Then it times calls and saves answers."""
    names = list(order["modules"])
    modules = {name: bundle.manifest.modules[name] for name in names}
    seconds: dict[str, float] = {}
    with _Timed(seconds, "load"):
        sessions = {name: open_session(bundle, name, settings) for name in names}
    with _Timed(seconds, "warmUp"):
        warm_modules(modules, sessions, lambda what, share: None)

    def measure(asked: Mapping[str, Any]) -> Answer:
        module = modules[asked["module"]]
        inputs = noise(module, module.buckets[asked["bucket"]])
        began = time.perf_counter()
        sessions[asked["module"]].run(inputs)
        return {"milliseconds": (time.perf_counter() - began) * 1000}

    def save(asked: Mapping[str, Any]) -> Answer:
        module = modules[asked["module"]]
        given = [noise(module, bucket) for bucket in module.buckets]
        if len(bundle.manifest.modules) == 1:
            given += [
                {each.name: given_array(each) for each in test.inputs}
                for test in bundle.manifest.self_test
                if test.inputs
            ]
        outputs = [array for inputs in given for array in sessions[asked["module"]].run(inputs)]
        np.savez(asked["file"], *outputs)
        return {"arrays": len(outputs)}

    return {"seconds": seconds, **_memory()}, {"time": measure, "save": save, "memory": lambda _: _memory()}


def noise(module: Module, bucket: Mapping[str, Shape]) -> dict[str, Array]:
    """The same values each time: noise for numbers with a point, zeros for others, which may be indices."""
    random = np.random.default_rng(7)
    inputs: dict[str, Array] = {}
    for spec in module.inputs:
        kind = np.dtype(NUMPY_NAMES[spec.datatype])
        shape = bucket[spec.name]
        pointed = spec.datatype in {Datatype.FP16, Datatype.FP32, Datatype.FP64}
        inputs[spec.name] = (random.normal(size=shape) / 2 if pointed else np.zeros(shape)).astype(kind)
    return inputs


class _Timed:
    """Seconds of a phase under its name."""

    def __init__(self, seconds: dict[str, float], name: str) -> None:
        self._seconds, self._name = seconds, name

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._seconds[self._name] = time.perf_counter() - self._began


def _memory() -> Answer:
    resident = resident_bytes(os.getpid()) / MIB
    # The kernel counts the two apart, and the peak a little late.
    peak = max(resident, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return {"residentMib": resident, "peakMib": peak}


def _tell(stream: TextIO, answer: Answer) -> None:
    stream.write(json.dumps(answer) + "\n")
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
