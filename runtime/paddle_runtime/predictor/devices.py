"""Devices: what the settings ask for. Pure; predictor/session.py applies it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from paddle_runtime.bundle.manifest import Engine


class Device(StrEnum):
    """What runs the model; the words of the resource's runtime.device."""

    CPU = "CPU"
    GPU = "GPU"
    NPU = "NPU"
    MLU = "MLU"


@dataclass(frozen=True)
class DeviceSettings:
    """Device of one worker process.

    memory_mib: memory pool taken at start on GPU, in MiB. engine: overrides the bundle's engine.
    cache_dir: writable folder for compiled programs; None makes a private one under the temporary folder.
    """

    device: Device = Device.CPU
    device_id: int = 0
    memory_mib: int = 1024
    engine: Engine | None = None
    math_threads: int = 1
    cache_dir: Path | None = None
