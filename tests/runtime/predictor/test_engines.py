"""Which calls are made on Paddle's configuration, whole and in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from paddle_runtime.bundle.manifest import Engine
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.predictor.devices import Device, DeviceSettings
from paddle_runtime.predictor.engines import Program, config_calls

LEGACY = Program(Path("m.pdmodel"), Path("m.pdiparams"), shapes=11)
NEW = Program(Path("m.json"), Path("m.pdiparams"), shapes=3)
CACHE = Path("/tmp/cache")


def written(settings: DeviceSettings, engine: Engine, program: Program) -> list[str]:
    return [
        f"{call.method}({', '.join(str(getattr(arg, 'value', arg)) for arg in call.args)})"
        for call in config_calls(settings, engine, program, CACHE)
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
    ("settings", "engine", "program", "calls"),
    [
        (DeviceSettings(), Engine.OPENVINO, LEGACY,
         [*LEGACY_START, "disable_gpu()", "enable_openvino_engine(Float32)"]),
        (DeviceSettings(), Engine.ONEDNN, LEGACY,
         [*LEGACY_START, "disable_gpu()", "enable_onednn()", "set_onednn_cache_capacity(13)",
          "enable_memory_optim()"]),
        (DeviceSettings(), Engine.PLAIN, LEGACY,
         [*LEGACY_START, "disable_gpu()", "disable_onednn()", "enable_memory_optim()"]),
        (DeviceSettings(), Engine.ONEDNN, NEW,
         [*NEW_START, "disable_gpu()", "enable_onednn()", "set_onednn_cache_capacity(5)",
          "enable_memory_optim()"]),
        (DeviceSettings(), Engine.PLAIN, NEW,
         [*NEW_START, "disable_gpu()", "disable_onednn()", "enable_memory_optim()"]),
        (DeviceSettings(device=Device.GPU, device_id=1, memory_mib=2048), Engine.OPENVINO, LEGACY,
         [*LEGACY_START, "disable_onednn()", "enable_use_gpu(2048, 1)", "enable_memory_optim()"]),
        (DeviceSettings(device=Device.GPU), Engine.PLAIN, NEW,
         [*NEW_START, "disable_onednn()", "enable_use_gpu(1024, 0)", "enable_memory_optim()"]),
        (DeviceSettings(device=Device.NPU), Engine.OPENVINO, NEW,
         [*NEW_START, "disable_gpu()", "disable_onednn()", "enable_custom_device(npu, 0)",
          "enable_memory_optim()"]),
        (DeviceSettings(device=Device.NPU, device_id=1), Engine.OPENVINO, LEGACY,
         [*LEGACY_START, "disable_gpu()", "disable_onednn()", "enable_custom_device(npu, 1)",
          "enable_memory_optim()"]),
        (DeviceSettings(device=Device.MLU, device_id=1), Engine.PLAIN, LEGACY,
         [*LEGACY_START, "disable_gpu()", "disable_onednn()", "enable_custom_device(mlu, 1)",
          "enable_memory_optim()"]),
    ],
)  # fmt: skip
def test_calls_for_a_device_and_an_engine(
    settings: DeviceSettings, engine: Engine, program: Program, calls: list[str]
) -> None:
    assert written(settings, engine, program) == calls


def test_openvino_refuses_the_new_program_form_with_the_remedy() -> None:
    with pytest.raises(BundleFault, match="set the module's engine to OneDNN") as fault:
        config_calls(DeviceSettings(), Engine.OPENVINO, NEW, CACHE)
    assert fault.value.reason is BundleReason.LoadFailed
