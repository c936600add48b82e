"""From device and engine to Paddle's configuration calls. Pure, so that the result can be read and compared.

The choices and their prices were measured: OpenVINO inside the wheel under the legacy program form is the
fastest and smallest on CPU; one math thread per process beats several; the oneDNN cache must be as large as
the set of shapes and never unlimited.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from paddle_runtime.bundle.engine import Engine, Precision, Runner
from paddle_runtime.bundle.signature import Shape
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.predictor.devices import CUSTOM_DEVICES, Device, DeviceSettings

# paddle.inference.PrecisionType by name.
PADDLE_PRECISIONS: Mapping[Precision, str] = {
    Precision.FLOAT32: "Float32",
    Precision.FLOAT16: "Half",
    Precision.BFLOAT16: "Bfloat16",
}


TENSORRT_WORKSPACE_BYTES = 1 << 30


@dataclass(frozen=True)
class Call:
    """One method of paddle.inference.Config with its arguments."""

    method: str
    args: tuple[str | int | bool | Precision | Mapping[str, list[int]], ...] = ()


@dataclass(frozen=True)
class Program:
    """What is loaded: files, and every shape of its inputs that it will see."""

    program: Path
    params: Path
    buckets: Sequence[Mapping[str, Shape]]

    @property
    def legacy(self) -> bool:
        """Whether it is in the .pdmodel form; .json is the new intermediate representation."""
        return self.program.suffix == ".pdmodel"


def config_calls(
    settings: DeviceSettings, runner: Runner, program: Program, cache_dir: Path
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
        calls += _cpu(runner, program)
    elif settings.device is Device.GPU:
        calls += _gpu(settings, runner, program)
    else:
        name = CUSTOM_DEVICES[settings.device]
        calls += [Call("disable_gpu"), Call("disable_onednn")]
        calls.append(Call("enable_custom_device", (name, settings.device_id, runner.precision)))
        calls.append(Call("enable_memory_optim"))
    return tuple(calls)


def _cpu(runner: Runner, program: Program) -> list[Call]:
    calls = [Call("disable_gpu")]
    if runner.engine is Engine.OPENVINO:
        if not program.legacy:
            raise BundleFault(
                BundleReason.LoadFailed,
                f"engine OpenVINO runs .pdmodel programs only, not {program.program.name}: export the model "
                "with FLAGS_enable_pir_api=0, or set the module's engine to OneDNN.",
            )
        return [*calls, Call("enable_openvino_engine", (runner.precision,))]
    if runner.engine is Engine.ONEDNN:
        # Capacity 0 means unlimited: 2.7 GB over 300 widths. The shapes are a closed set, so is the cache.
        calls += [Call("enable_onednn"), Call("set_onednn_cache_capacity", (len(program.buckets) + 2,))]
        if runner.precision is Precision.BFLOAT16:
            calls.append(Call("enable_onednn_bfloat16"))
    else:
        calls.append(Call("disable_onednn"))
    return [*calls, Call("enable_memory_optim")]


def _gpu(settings: DeviceSettings, runner: Runner, program: Program) -> list[Call]:
    tensorrt = runner.engine is Engine.TENSORRT
    # TensorRT gets the precision itself; what it leaves to Paddle's kernels stays full.
    own = Precision.FLOAT32 if tensorrt else runner.precision
    calls = [
        Call("disable_onednn"),
        Call("enable_use_gpu", (settings.memory_mib, settings.device_id, own)),
    ]
    if tensorrt:
        if not program.legacy:
            raise BundleFault(
                BundleReason.LoadFailed,
                f"engine TensorRT runs .pdmodel programs only, not {program.program.name}: export the model "
                "with FLAGS_enable_pir_api=0, or set devices.GPU of the module to engine Plain.",
            )
        # Workspace, batch, least operators of a part, precision, keep what was built, no calibration table.
        build = (TENSORRT_WORKSPACE_BYTES, largest_batch(program), 3, runner.precision, True, False)
        calls.append(Call("enable_tensorrt_engine", build))
        calls.append(Call("set_trt_dynamic_shape_info", shape_range(program)))
    return [*calls, Call("enable_memory_optim")]


def largest_batch(program: Program) -> int:
    """Rows of the largest bucket."""
    return max(shape[0] for bucket in program.buckets for shape in bucket.values() if shape)


def shape_range(program: Program) -> tuple[dict[str, list[int]], ...]:
    """Smallest, largest and preferred shape of every input: TensorRT builds for what lies between them.

    Preferred is the bucket in the middle by size, since the set was chosen from what is asked.
    """
    by_size = sorted(program.buckets, key=lambda bucket: sum(math.prod(shape) for shape in bucket.values()))
    middle = by_size[len(by_size) // 2]
    small, large, preferred = {}, {}, {}
    for name in middle:
        sizes = list(zip(*(bucket[name] for bucket in program.buckets), strict=True))
        small[name] = [min(each) for each in sizes]
        large[name] = [max(each) for each in sizes]
        preferred[name] = list(middle[name])
    return small, large, preferred
