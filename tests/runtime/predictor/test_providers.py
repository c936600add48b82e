"""onnxruntime's execution providers for a device, whole; CUDA that is missing is refused, not replaced."""

from __future__ import annotations

import pytest

from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.predictor.devices import Device, DeviceSettings
from paddle_runtime.predictor.providers import (
    CPU_PROVIDER,
    CUDA_PROVIDER,
    gpu_pool,
    providers,
    require_active,
    require_provider,
)

GPU = DeviceSettings(device=Device.GPU, device_id=1, memory_mib=2048)


def test_providers_and_options_of_a_cpu_and_a_gpu() -> None:
    assert providers(DeviceSettings()) == (("CPUExecutionProvider", {}),)
    assert providers(GPU) == (
        (
            "CUDAExecutionProvider",
            {
                "device_id": "1",
                "cudnn_conv_algo_search": "HEURISTIC",
            },
        ),
        ("CPUExecutionProvider", {}),
    )


def test_the_memory_of_the_settings_is_one_pool_for_all_programs_of_a_worker() -> None:
    assert gpu_pool(2048) == {"max_mem": 2147483648, "arena_extend_strategy": 1}


def test_what_is_there_is_taken() -> None:
    require_provider(DeviceSettings(), [CPU_PROVIDER], "1")
    require_provider(GPU, [CUDA_PROVIDER, CPU_PROVIDER], "1")
    require_active(GPU, [CUDA_PROVIDER, CPU_PROVIDER], "1")


@pytest.mark.parametrize(
    ("device", "words"),
    [
        (Device.GPU, "install onnxruntime-gpu in place of onnxruntime"),
        (Device.NPU, "give the module its Paddle program"),
        (Device.MLU, "give the module its Paddle program"),
    ],
)
def test_a_missing_provider_says_what_to_install(device: Device, words: str) -> None:
    with pytest.raises(BundleFault, match=words) as fault:
        require_provider(DeviceSettings(device=device), [CPU_PROVIDER], "1.32.0")
    assert fault.value.reason is BundleReason.DeviceUnavailable
    assert f"runtime.device (--device) is {device}, and onnxruntime 1.32.0" in str(fault.value)


def test_a_session_that_fell_back_to_the_cpu_is_refused() -> None:
    with pytest.raises(BundleFault, match=r"made a session on \['CPUExecutionProvider'\]") as fault:
        require_active(GPU, [CPU_PROVIDER], "1.32.0")
    assert fault.value.reason is BundleReason.DeviceUnavailable
