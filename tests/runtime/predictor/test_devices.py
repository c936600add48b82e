"""A device must be there before Paddle is asked for it: it falls back in silence, or aborts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paddle_runtime.bundle.engine import Engine, Precision, Runner
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.predictor.devices import (
    Device,
    DeviceSettings,
    DevicesPresent,
    GpuFacts,
    require_device,
    require_version,
    tensorrt_key,
)

NOTHING = DevicesPresent(gpus=0, custom=frozenset(), paddle_version="3.2.2")
EVERYTHING = DevicesPresent(gpus=2, custom=frozenset({"npu", "mlu"}), paddle_version="3.2.2")


@pytest.mark.parametrize("device", list(Device))
def test_a_device_that_is_there_is_taken(device: Device) -> None:
    require_device(DeviceSettings(device=device), EVERYTHING)


def test_a_cpu_is_always_there() -> None:
    require_device(DeviceSettings(), NOTHING)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (DeviceSettings(device=Device.GPU), "sees 0 GPUs"),
        (DeviceSettings(device=Device.NPU), "paddle-custom-npu"),
        (DeviceSettings(device=Device.MLU), "paddle-custom-mlu"),
    ],
)
def test_a_missing_device_says_what_to_install(settings: DeviceSettings, words: str) -> None:
    with pytest.raises(BundleFault, match=words) as fault:
        require_device(settings, NOTHING)
    assert fault.value.reason is BundleReason.DeviceUnavailable
    assert f"runtime.device (--device) is {settings.device}" in str(fault.value)


def test_a_gpu_number_beyond_those_present_is_missing() -> None:
    with pytest.raises(BundleFault, match="device 2 was asked for"):
        require_device(DeviceSettings(device=Device.GPU, device_id=2), EVERYTHING)


def test_versions_that_are_known_to_be_wrong_are_refused_with_the_remedy() -> None:
    for version in ("3.3.0", "3.3.1"):
        with pytest.raises(BundleFault, match=r"install paddlepaddle==3\.2\.2") as fault:
            require_version(Device.CPU, version)
        assert fault.value.reason is BundleReason.LoadFailed
        require_version(Device.GPU, version)
    require_version(Device.CPU, "3.2.2")


H200 = GpuFacts(name="NVIDIA H200", capability="9.0", tensorrt="10.5.0", paddle="3.2.2")
HALF = Runner(Engine.TENSORRT, Precision.FLOAT16)


def test_a_built_program_is_found_by_what_it_was_built_for_and_by_nothing_else() -> None:
    key = tensorrt_key("sha256:1", "detect", HALF, H200)
    assert key.startswith("detect-nvidia-h200-9.0-trt10.5.0-paddle3.2.2-")
    others = {
        tensorrt_key("sha256:2", "detect", HALF, H200),
        tensorrt_key("sha256:1", "orient", HALF, H200),
        tensorrt_key("sha256:1", "detect", Runner(Engine.TENSORRT), H200),
        *(
            tensorrt_key("sha256:1", "detect", HALF, replace(H200, **{field: "other"}))
            for field in ("name", "capability", "tensorrt", "paddle")
        ),
    }
    assert len(others) == 7
    assert key not in others
    assert key == tensorrt_key("sha256:1", "detect", HALF, H200)
