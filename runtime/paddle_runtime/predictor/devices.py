"""Devices: what the settings ask for, whether it is there, and versions known to be wrong. Pure."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from paddle_runtime.bundle.engine import Device, Runner
from paddle_runtime.errors import BundleFault, BundleReason

__all__ = [
    "CUSTOM_DEVICES",
    "Device",
    "DeviceSettings",
    "DevicesPresent",
    "GpuFacts",
    "require_device",
    "require_version",
    "tensorrt_key",
]


@dataclass(frozen=True)
class DeviceSettings:
    """Device of one worker process.

    memory_mib: memory pool taken at start on GPU, in MiB. cache_dir: where engines keep what they built
    between starts; None: it is built anew.
    """

    device: Device = Device.CPU
    device_id: int = 0
    memory_mib: int = 1024
    cache_dir: Path | None = None


CUSTOM_DEVICES = {Device.NPU: "npu", Device.MLU: "mlu"}


@dataclass(frozen=True)
class DevicesPresent:
    """What the installed Paddle can see: GPUs by number, custom device types by name."""

    gpus: int
    custom: frozenset[str]
    paddle_version: str


def require_device(settings: DeviceSettings, present: DevicesPresent) -> None:
    """Refuse before create_predictor: for GPU Paddle falls back to CPU in silence, for NPU it aborts."""
    if settings.device is Device.CPU:
        return
    if settings.device is Device.GPU:
        if settings.device_id < present.gpus:
            return
        seen = f"sees {present.gpus} GPUs, device {settings.device_id} was asked for"
        remedy = "a CUDA build of paddlepaddle and a pod that requests the GPU resource"
    else:
        name = CUSTOM_DEVICES[settings.device]
        if name in present.custom:
            return
        seen = f"knows the custom devices {sorted(present.custom) or 'none'}, not {name!r}"
        remedy = f"the vendor's paddle-custom-{name} package and driver in the runtime image"
    raise BundleFault(
        BundleReason.DeviceUnavailable,
        f"runtime.device (--device) is {settings.device}, and paddlepaddle {present.paddle_version} {seen}: "
        f"needed are {remedy}; or set it to CPU.",
    )


@dataclass(frozen=True)
class GpuFacts:
    """What a program that TensorRT built is good for, and nothing else."""

    name: str
    capability: str
    tensorrt: str
    paddle: str


def tensorrt_key(digest: str, module: str, runner: Runner, facts: GpuFacts) -> str:
    """The folder of a built program: another model, GPU or version never finds it. Readable, then exact."""
    whole = "\n".join(
        (digest, module, str(runner), facts.name, facts.capability, facts.tensorrt, facts.paddle)
    )
    readable = f"{module}-{facts.name}-{facts.capability}-trt{facts.tensorrt}-paddle{facts.paddle}"
    return (
        re.sub(r"[^a-z0-9.]+", "-", readable.lower()) + "-" + hashlib.sha256(whole.encode()).hexdigest()[:16]
    )


def require_version(device: Device, paddle_version: str) -> None:
    """Refuse versions of Paddle that are that answer wrongly or stall; the decision records say how."""
    if device is Device.CPU and paddle_version.startswith("3.3."):
        raise BundleFault(
            BundleReason.LoadFailed,
            f"paddlepaddle {paddle_version} on CPU fails in oneDNN on programs that interpolate and shares "
            "predictors' answers between threads without an error: install paddlepaddle==3.2.2.",
        )
