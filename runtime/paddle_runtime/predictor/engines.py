"""From device and engine to Paddle's configuration calls. Pure, so that the result can be read and compared.

The choices and their prices were measured: OpenVINO inside the wheel under the legacy program form is the
fastest and smallest on CPU; one math thread per process beats several; the oneDNN cache must be as large as
the set of shapes and never unlimited.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from paddle_runtime.bundle.manifest import Engine
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.predictor.devices import CUSTOM_DEVICES, Device, DeviceSettings


class Precision(Enum):
    """paddle.inference.PrecisionType by name."""

    FLOAT32 = "Float32"


@dataclass(frozen=True)
class Call:
    """One method of paddle.inference.Config with its arguments."""

    method: str
    args: tuple[str | int | bool | Precision, ...] = ()


@dataclass(frozen=True)
class Program:
    """What is loaded: files, and how many different shapes it will see."""

    program: Path
    params: Path
    shapes: int

    @property
    def legacy(self) -> bool:
        """Whether it is in the .pdmodel form; .json is the new intermediate representation."""
        return self.program.suffix == ".pdmodel"


def config_calls(
    settings: DeviceSettings, engine: Engine, program: Program, cache_dir: Path
) -> tuple[Call, ...]:
    """Every call on Config, in order."""
    calls = [Call("disable_glog_info"), Call("enable_new_ir", (not program.legacy,))]
    if not program.legacy:
        # Without it enable_memory_optim makes create_predictor fail with "Not find predictor_id".
        calls.append(Call("enable_new_executor", (True,)))
    calls.append(Call("set_cpu_math_library_num_threads", (1,)))
    # OpenVINO writes compiled programs; beside the model the file system is read-only.
    calls.append(Call("set_optim_cache_dir", (str(cache_dir),)))
    if settings.device is Device.CPU:
        calls += _cpu(engine, program)
    elif settings.device is Device.GPU:
        calls += [Call("disable_onednn"), Call("enable_use_gpu", (settings.memory_mib, settings.device_id))]
        calls.append(Call("enable_memory_optim"))
    else:
        calls += [Call("disable_gpu"), Call("disable_onednn")]
        calls.append(Call("enable_custom_device", (CUSTOM_DEVICES[settings.device], settings.device_id)))
        calls.append(Call("enable_memory_optim"))
    return tuple(calls)


def _cpu(engine: Engine, program: Program) -> list[Call]:
    calls = [Call("disable_gpu")]
    if engine is Engine.OPENVINO:
        if not program.legacy:
            raise BundleFault(
                BundleReason.LoadFailed,
                f"engine OpenVINO runs .pdmodel programs only, not {program.program.name}: export the model "
                "with FLAGS_enable_pir_api=0, or set the module's engine to OneDNN.",
            )
        return [*calls, Call("enable_openvino_engine", (Precision.FLOAT32,))]
    if engine is Engine.ONEDNN:
        # Capacity 0 means unlimited: 2.7 GB over 300 widths. The shapes are a closed set, so is the cache.
        calls += [Call("enable_onednn"), Call("set_onednn_cache_capacity", (program.shapes + 2,))]
    else:
        calls.append(Call("disable_onednn"))
    return [*calls, Call("enable_memory_optim")]
