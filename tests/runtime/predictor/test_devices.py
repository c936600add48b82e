"""A device must be there before Paddle is asked for it: it falls back in silence, or aborts."""

from __future__ import annotations

import pytest

from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.predictor.devices import Device, DeviceSettings, DevicesPresent, require_device

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
    assert f"runtime.device is {settings.device}" in str(fault.value)


def test_a_gpu_number_beyond_those_present_is_missing() -> None:
    with pytest.raises(BundleFault, match="device 2 was asked for"):
        require_device(DeviceSettings(device=Device.GPU, device_id=2), EVERYTHING)
