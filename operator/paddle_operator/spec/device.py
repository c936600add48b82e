"""The device table: what each kind of processor means. The only place that knows."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from paddle_operator.spec.workload import Device

RESOURCES: Mapping[Device, str] = MappingProxyType(
    {
        Device.CPU: "",
        Device.GPU: "nvidia.com/gpu",
        Device.NPU: "huawei.com/Ascend910",
        Device.MLU: "cambricon.com/mlu",
    }
)
"""Extended resource that a pod asks for, unless spec.runtime.deviceResource names another. CPU: none."""

ENVIRONMENT: Mapping[Device, Mapping[str, str]] = MappingProxyType(
    {
        Device.CPU: MappingProxyType({}),
        Device.GPU: MappingProxyType({"FLAGS_allocator_strategy": "auto_growth"}),
        Device.NPU: MappingProxyType(
            {
                # Paddle compiles per input shape unless told not to: minutes for every new picture size.
                "FLAGS_npu_jit_compile": "0",
                "FLAGS_npu_storage_format": "0",
                "FLAGS_use_stride_kernel": "0",
                "FLAGS_allocator_strategy": "auto_growth",
                "FLAGS_npu_scale_aclnn": "True",
                "FLAGS_npu_split_aclnn": "True",
                "CUSTOM_DEVICE_BLACK_LIST": "pad3d,pad3d_grad,set_value,set_value_with_tensor",
                "ASCEND_MAX_OP_CACHE_SIZE": "5000",
            }
        ),
        Device.MLU: MappingProxyType({"FLAGS_allocator_strategy": "auto_growth"}),
    }
)
"""Variables that Paddle's build for the device reads. Which device a pod sees is its device plugin's job."""

DEFAULT_DEVICE_MEMORY_MIB = 1000
"""Memory pool on GPU when spec.runtime.deviceMemoryMiB is absent: enough that first requests grow nothing."""
