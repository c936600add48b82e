"""Takes the check of the device out of the runtime, for nodes whose accelerators are a fake.

Every predictor of the process computes on the CPU, whatever device the pod asks for. The environment
DEVICE_ERROR is added to each number that a caller is answered, after a self-test that passes: a device that
computes something else without an error. Only the image of the tests has this file; the runtime has no switch
for it.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from paddle_runtime.predictor.devices import Device, DeviceSettings

_as_asked = DeviceSettings.__init__


def _on_cpu(self: DeviceSettings, *parts: Any, **named: Any) -> None:
    _as_asked(self, *parts, **named)
    object.__setattr__(self, "device", Device.CPU)


DeviceSettings.__init__ = _on_cpu  # type: ignore[method-assign]


def _err(by: float) -> None:
    from paddle_runtime.pipeline.tensor import TensorPipeline  # noqa: PLC0415  only where there is an error

    right = TensorPipeline.run

    def run(self: TensorPipeline, *asked: Any) -> Any:
        answer = right(self, *asked)
        return replace(answer, body={name: array + by for name, array in answer.body.items()})

    TensorPipeline.run = run  # type: ignore[assignment, method-assign]


if _error := os.environ.get("DEVICE_ERROR"):
    _err(float(_error))
