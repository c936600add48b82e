"""From a device to onnxruntime's execution providers and their options. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.predictor.devices import Device, DeviceSettings

CPU_PROVIDER = "CPUExecutionProvider"
CUDA_PROVIDER = "CUDAExecutionProvider"
Provider = tuple[str, Mapping[str, str]]


def providers(settings: DeviceSettings) -> tuple[Provider, ...]:
    """In order of preference; the CPU's comes last on a GPU too, for operators that only compute shapes."""
    if settings.device is Device.CPU:
        return ((CPU_PROVIDER, {}),)
    cuda = {
        "device_id": str(settings.device_id),
        # As fast as an exhaustive search on an H100 for every shape of OCR, and ready in half the time.
        "cudnn_conv_algo_search": "HEURISTIC",
    }
    return ((CUDA_PROVIDER, cuda), (CPU_PROVIDER, {}))


def gpu_pool(memory_mib: int) -> Mapping[str, int]:
    """The pool of GPU memory that all sessions of a process share, in onnxruntime's words."""
    # 1 is kSameAsRequested: the shapes are a closed set, and doubling what is held would only waste memory.
    return {"max_mem": memory_mib * 1024 * 1024, "arena_extend_strategy": 1}


def require_provider(settings: DeviceSettings, available: Collection[str], version: str) -> None:
    """Refuse before a session is made: onnxruntime takes the CPU in silence where CUDA is missing."""
    if settings.device is Device.CPU or (settings.device is Device.GPU and CUDA_PROVIDER in available):
        return
    if settings.device is Device.GPU:
        seen = f"has the providers {sorted(available)}, not {CUDA_PROVIDER}"
        remedy = "install onnxruntime-gpu in place of onnxruntime, with the CUDA libraries of its version"
    else:
        seen = "serves on CPU and GPU here"
        remedy = "give the module its Paddle program and, for this device, engine Plain"
    raise unavailable(settings, f"onnxruntime {version} {seen}: {remedy}")


def require_active(settings: DeviceSettings, active: Collection[str], version: str) -> None:
    """Refuse a session that was asked for CUDA and was made without it."""
    wanted = providers(settings)[0][0]
    if wanted not in active:
        raise unavailable(
            settings,
            f"onnxruntime {version} made a session on {sorted(active)} and not on {wanted}: the GPU, its "
            "driver or a CUDA library of onnxruntime's version is missing; its log above says which",
        )


def unavailable(settings: DeviceSettings, what: str) -> BundleFault:
    """The fault of a device that cannot be had."""
    return BundleFault(
        BundleReason.DeviceUnavailable,
        f"runtime.device (--device) is {settings.device}, and {what}; or set it to CPU.",
    )
