"""What runs a program: device, engine and precision, and which of them go together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Device(StrEnum):
    """What runs the model; the words of the resource's runtime.device."""

    CPU = "CPU"
    GPU = "GPU"
    NPU = "NPU"
    MLU = "MLU"


class Engine(StrEnum):
    """What runs the program: four of them live inside Paddle Inference, OnnxRuntime needs the ONNX form.

    OpenVINO and OneDNN are engines of a CPU, TensorRT is one of a GPU. Plain is Paddle's own kernels, and the
    only engine of Paddle on an NPU or an MLU.
    """

    OPENVINO = "OpenVINO"
    ONEDNN = "OneDNN"
    PLAIN = "Plain"
    ONNXRUNTIME = "OnnxRuntime"
    TENSORRT = "TensorRT"


class Precision(StrEnum):
    """Number format of the computation; inputs and outputs stay what the program declares."""

    FLOAT32 = "Float32"
    FLOAT16 = "Float16"
    BFLOAT16 = "BFloat16"


@dataclass(frozen=True)
class Runner:
    """An engine at a precision."""

    engine: Engine
    precision: Precision = Precision.FLOAT32

    def __str__(self) -> str:
        """As people write it: OneDNN, or OneDNN BFloat16."""
        full = self.precision is Precision.FLOAT32
        return self.engine.value if full else f"{self.engine.value} {self.precision.value}"


_CPU = (
    Runner(Engine.OPENVINO),
    Runner(Engine.OPENVINO, Precision.BFLOAT16),
    Runner(Engine.ONEDNN),
    Runner(Engine.ONEDNN, Precision.BFLOAT16),
    Runner(Engine.PLAIN),
    Runner(Engine.ONNXRUNTIME),
)
_GPU = (
    Runner(Engine.PLAIN),
    Runner(Engine.PLAIN, Precision.FLOAT16),
    Runner(Engine.TENSORRT),
    Runner(Engine.TENSORRT, Precision.FLOAT16),
    Runner(Engine.ONNXRUNTIME),
)
_CUSTOM = (Runner(Engine.PLAIN), Runner(Engine.PLAIN, Precision.FLOAT16))
RUNNERS: Mapping[Device, tuple[Runner, ...]] = {
    Device.CPU: _CPU,
    Device.GPU: _GPU,
    Device.NPU: _CUSTOM,
    Device.MLU: _CUSTOM,
}


def runner_problem(device: Device, runner: Runner, *, paddle: bool, onnx: bool) -> str | None:
    """Why a runner cannot be chosen for a module that has a Paddle program or an ONNX one, or None."""
    if runner not in RUNNERS[device]:
        there = ", ".join(map(str, RUNNERS[device]))
        return f"{runner} does not run on {device}; there is {there}"
    if runner.engine is Engine.ONNXRUNTIME and not onnx:
        return "engine OnnxRuntime runs the ONNX form: name its file as 'onnx', or take another engine"
    if runner.engine is not Engine.ONNXRUNTIME and not paddle:
        return f"engine {runner.engine} runs Paddle's form: name 'program' and 'params', or take OnnxRuntime"
    return None


def default_runner(device: Device, *, paddle: bool, legacy: bool) -> Runner:
    """By rule, where nothing was measured: OpenVINO, which reads the .pdmodel form alone, else oneDNN."""
    if not paddle:
        return Runner(Engine.ONNXRUNTIME)
    if device is not Device.CPU:
        return Runner(Engine.PLAIN)
    return Runner(Engine.OPENVINO if legacy else Engine.ONEDNN)
