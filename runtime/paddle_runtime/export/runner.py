"""One contestant of a comparison in a process of its own: the layer, or its program on one engine.

A process each, so that one's memory is not the other's, and so that an engine that dies dies alone.
Lines of JSON on standard input and output; the arrays are files. It ends with its standard input.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from paddle_runtime.bundle.engine import Engine
from paddle_runtime.bundle.signature import TensorSpec
from paddle_runtime.bundle.store import Bundle, open_bundle
from paddle_runtime.pipeline.tensor import MODULE
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.predictor.opening import open_session
from paddle_runtime.predictor.session import Array

Run = Callable[[Mapping[str, Array]], Sequence[Array]]


def main() -> None:
    """First line: what to run. Then: which input to run, and where to leave the outputs, if at all."""
    answers = _own_output()
    order = json.loads(sys.stdin.readline())
    try:
        run = dynamic(order) if order["kind"] == "dynamic" else static(order)
        inputs = [_read(path) for path in order["inputs"]]
    except Exception as error:
        _say(answers, {"error": f"{error}" or type(error).__name__})
        return
    _say(answers, {"ready": True})
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            began = time.perf_counter()
            outputs = run(inputs[asked["input"]])
            seconds = time.perf_counter() - began
        except Exception as error:
            _say(answers, {"error": f"{error}" or type(error).__name__})
            continue
        if asked["save"] is not None:
            np.savez(asked["save"], *outputs)
        _say(answers, {"seconds": seconds})


def dynamic(order: Mapping[str, Any]) -> Run:
    """The layer, run by Python."""
    from paddle_runtime.export.layer import Dynamic  # noqa: PLC0415
    from paddle_runtime.export.source import Source, build_layer  # noqa: PLC0415

    layer = build_layer(Source(order["module"], order["name"], order["arguments"]))
    return Dynamic(layer, [TensorSpec.model_validate(spec) for spec in order["specs"]]).run


def static(order: Mapping[str, Any]) -> Run:
    """The program, as a worker runs it, on the engine that is asked for."""
    bundle = open_bundle(Path(order["bundle"]))
    module = bundle.manifest.modules[MODULE].model_copy(update={"engine": Engine(order["engine"])})
    manifest = bundle.manifest.model_copy(update={"modules": {MODULE: module}})
    return open_session(Bundle(bundle.path, manifest, bundle.digest), MODULE, DeviceSettings()).run


def _own_output() -> TextIO:
    """Standard output for the answers alone: what the user's code or Paddle print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def _read(path: str) -> dict[str, Array]:
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _say(answers: TextIO, message: Mapping[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
