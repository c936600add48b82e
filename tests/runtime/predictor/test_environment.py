"""What each device's libraries read from the environment, whole."""

from __future__ import annotations

import pytest

from paddle_runtime.predictor.devices import Device
from paddle_runtime.predictor.environment import prepare_environment

GOLDEN = {
    Device.CPU: {},
    Device.GPU: {"FLAGS_allocator_strategy": "auto_growth"},
    Device.NPU: {
        "FLAGS_allocator_strategy": "auto_growth",
        "FLAGS_npu_jit_compile": "0",
        "FLAGS_npu_storage_format": "0",
        "FLAGS_use_stride_kernel": "0",
        "FLAGS_npu_scale_aclnn": "True",
        "FLAGS_npu_split_aclnn": "True",
        "CUSTOM_DEVICE_BLACK_LIST": "pad3d,pad3d_grad,set_value,set_value_with_tensor",
        "ASCEND_MAX_OP_CACHE_SIZE": "5000",
    },
    Device.MLU: {"FLAGS_allocator_strategy": "auto_growth", "FLAGS_use_stride_kernel": "0"},
}


@pytest.mark.parametrize("device", list(Device))
def test_a_device_finds_its_variables_set(device: Device) -> None:
    environment: dict[str, str] = {}
    prepare_environment(device, environment)
    assert environment == GOLDEN[device]


def test_what_somebody_chose_stays() -> None:
    environment = {"FLAGS_npu_jit_compile": "1"}
    prepare_environment(Device.NPU, environment)
    assert environment["FLAGS_npu_jit_compile"] == "1"
