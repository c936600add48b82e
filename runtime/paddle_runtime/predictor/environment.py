"""What a device's libraries read from the environment, before Paddle is loaded. Values of the user win."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping

from paddle_runtime.bundle.engine import Device

# Memory is taken as it is needed. The shapes are a closed set, so that ends, and workers can share a device.
_GROW = {"FLAGS_allocator_strategy": "auto_growth"}
# Ascend: without the first one every new shape is compiled, for seconds to minutes; the others are what
# Paddle's own pipelines set for inference on this device.
_NPU = {
    "FLAGS_npu_jit_compile": "0",
    "FLAGS_npu_storage_format": "0",
    "FLAGS_use_stride_kernel": "0",
    "FLAGS_npu_scale_aclnn": "True",
    "FLAGS_npu_split_aclnn": "True",
    "CUSTOM_DEVICE_BLACK_LIST": "pad3d,pad3d_grad,set_value,set_value_with_tensor",
    "ASCEND_MAX_OP_CACHE_SIZE": "5000",
}
ENVIRONMENT: Mapping[Device, Mapping[str, str]] = {
    Device.CPU: {},
    Device.GPU: _GROW,
    Device.NPU: {**_GROW, **_NPU},
    Device.MLU: {**_GROW, "FLAGS_use_stride_kernel": "0"},
}


def prepare_environment(device: Device, environment: MutableMapping[str, str]) -> None:
    """Set what a device needs and nobody set."""
    for name, value in ENVIRONMENT[device].items():
        environment.setdefault(name, value)
