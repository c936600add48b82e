"""Devices: what the settings ask for, and whether it is there. Pure; predictor/session.py applies it."""

from __future__ import annotations

from dataclasses import dataclass

from paddle_runtime.bundle.engine import Device
from paddle_runtime.errors import BundleFault, BundleReason

__all__ = ["CUSTOM_DEVICES", "Device", "DeviceSettings", "DevicesPresent", "require_device"]


@dataclass(frozen=True)
class DeviceSettings:
    """Device of one worker process. memory_mib: memory pool taken at start on GPU, in MiB."""

    device: Device = Device.CPU
    device_id: int = 0
    memory_mib: int = 1024


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
        f"runtime.device is {settings.device}, and paddlepaddle {present.paddle_version} {seen}: "
        f"needed are {remedy}; or set runtime.device to CPU.",
    )
