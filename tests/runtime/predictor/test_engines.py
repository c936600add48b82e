"""Which calls are made on Paddle's configuration, whole and in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from paddle_runtime.bundle.engine import Engine, Precision, Runner
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.predictor.devices import Device, DeviceSettings
from paddle_runtime.predictor.engines import Program, config_calls

LEGACY = Program(
    Path("m.pdmodel"), Path("m.pdiparams"), buckets=[{"x": (1, 3, 48, 80 * n)} for n in range(1, 12)]
)
NEW = Program(Path("m.json"), Path("m.pdiparams"), buckets=[{"x": (n, 4), "mask": (n,)} for n in (1, 4, 8)])
CACHE = Path("/tmp/cache")


def written(settings: DeviceSettings, runner: Runner, program: Program) -> list[str]:
    return [
        f"{call.method}({', '.join(str(getattr(arg, 'value', arg)) for arg in call.args)})"
        for call in config_calls(settings, runner, program, CACHE)
    ]


LEGACY_START = [
    "disable_glog_info()",
    "enable_new_ir(False)",
    "set_cpu_math_library_num_threads(1)",
    "set_optim_cache_dir(/tmp/cache)",
]
NEW_START = [
    "disable_glog_info()",
    "enable_new_ir(True)",
    "enable_new_executor(True)",
    "set_cpu_math_library_num_threads(1)",
    "set_optim_cache_dir(/tmp/cache)",
]


@pytest.mark.parametrize(
    ("settings", "runner", "program", "calls"),
    [
        (DeviceSettings(), Runner(Engine.OPENVINO), LEGACY,
         [*LEGACY_START, "disable_gpu()", "enable_openvino_engine(Float32)"]),
        (DeviceSettings(), Runner(Engine.ONEDNN), LEGACY,
         [*LEGACY_START, "disable_gpu()", "enable_onednn()", "set_onednn_cache_capacity(13)",
          "enable_memory_optim()"]),
        (DeviceSettings(), Runner(Engine.ONEDNN, Precision.BFLOAT16), LEGACY,
         [*LEGACY_START, "disable_gpu()", "enable_onednn()", "set_onednn_cache_capacity(13)",
          "enable_onednn_bfloat16()", "enable_memory_optim()"]),
        (DeviceSettings(), Runner(Engine.PLAIN), LEGACY,
         [*LEGACY_START, "disable_gpu()", "disable_onednn()", "enable_memory_optim()"]),
        (DeviceSettings(), Runner(Engine.ONEDNN), NEW,
         [*NEW_START, "disable_gpu()", "enable_onednn()", "set_onednn_cache_capacity(5)",
          "enable_memory_optim()"]),
        (DeviceSettings(), Runner(Engine.PLAIN), NEW,
         [*NEW_START, "disable_gpu()", "disable_onednn()", "enable_memory_optim()"]),
        (DeviceSettings(device=Device.GPU, device_id=1, memory_mib=2048), Runner(Engine.PLAIN), LEGACY,
         [*LEGACY_START, "disable_onednn()", "enable_use_gpu(2048, 1, Float32)", "enable_memory_optim()"]),
        (DeviceSettings(device=Device.GPU), Runner(Engine.PLAIN), NEW,
         [*NEW_START, "disable_onednn()", "enable_use_gpu(1024, 0, Float32)", "enable_memory_optim()"]),
        (DeviceSettings(device=Device.GPU), Runner(Engine.PLAIN, Precision.FLOAT16), LEGACY,
         [*LEGACY_START, "disable_onednn()", "enable_use_gpu(1024, 0, Float16)", "enable_memory_optim()"]),
        (DeviceSettings(device=Device.GPU), Runner(Engine.TENSORRT, Precision.FLOAT16), LEGACY,
         [*LEGACY_START, "disable_onednn()", "enable_use_gpu(1024, 0, Float32)",
          "enable_tensorrt_engine(1073741824, 1, 3, Float16, True, False)",
          "set_trt_dynamic_shape_info({'x': [1, 3, 48, 80]}, {'x': [1, 3, 48, 880]}, {'x': [1, 3, 48, 480]})",
          "enable_memory_optim()"]),
        (DeviceSettings(device=Device.NPU), Runner(Engine.PLAIN), NEW,
         [*NEW_START, "disable_gpu()", "disable_onednn()", "enable_custom_device(npu, 0, Float32)",
          "enable_memory_optim()"]),
        (DeviceSettings(device=Device.NPU, device_id=1), Runner(Engine.PLAIN), LEGACY,
         [*LEGACY_START, "disable_gpu()", "disable_onednn()", "enable_custom_device(npu, 1, Float32)",
          "enable_memory_optim()"]),
        (DeviceSettings(device=Device.MLU, device_id=1), Runner(Engine.PLAIN), LEGACY,
         [*LEGACY_START, "disable_gpu()", "disable_onednn()", "enable_custom_device(mlu, 1, Float32)",
          "enable_memory_optim()"]),
    ],
)  # fmt: skip
def test_calls_for_a_device_and_an_engine(
    settings: DeviceSettings, runner: Runner, program: Program, calls: list[str]
) -> None:
    assert written(settings, runner, program) == calls


def test_openvino_refuses_the_new_program_form_with_the_remedy() -> None:
    with pytest.raises(BundleFault, match="set the module's engine to OneDNN") as fault:
        config_calls(DeviceSettings(), Runner(Engine.OPENVINO), NEW, CACHE)
    assert fault.value.reason is BundleReason.LoadFailed
