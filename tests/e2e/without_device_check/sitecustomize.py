"""Takes the check of the device out of the runtime, for nodes whose accelerators are a fake.

Every predictor of the process computes on the CPU, whatever device the pod asks for. Only the image of the
tests has this file; the runtime has no switch for it.
"""

from __future__ import annotations

from typing import Any

from paddle_runtime.predictor.devices import Device, DeviceSettings

_as_asked = DeviceSettings.__init__


def _on_cpu(self: DeviceSettings, *parts: Any, **named: Any) -> None:
    _as_asked(self, *parts, **named)
    object.__setattr__(self, "device", Device.CPU)


DeviceSettings.__init__ = _on_cpu  # type: ignore[method-assign]
