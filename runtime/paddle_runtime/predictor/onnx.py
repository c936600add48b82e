"""A program inside onnxruntime. The only file that imports onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnxruntime

from paddle_runtime.bundle.manifest import Module
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.predictor.devices import Device, DeviceSettings
from paddle_runtime.predictor.session import Array, Signature

ERRORS_ONLY = 3


class OnnxSession:
    """session.Session on an onnxruntime.InferenceSession."""

    def __init__(self, file: Path, module: Module, settings: DeviceSettings) -> None:
        if settings.device is not Device.CPU:
            raise BundleFault(
                BundleReason.DeviceUnavailable,
                f"engine OnnxRuntime serves on CPU, runtime.device is {settings.device}: choose another "
                "engine for this device in model.yaml, or set runtime.device to CPU.",
            )
        self._session = onnxruntime.InferenceSession(
            str(file), session_options(), providers=["CPUExecutionProvider"]
        )
        self._signature = Signature(
            module,
            file,
            [node.name for node in self._session.get_inputs()],
            [node.name for node in self._session.get_outputs()],
        )

    def run(self, inputs: Mapping[str, Array]) -> list[Array]:
        """Outputs in the manifest's order."""
        answer: list[Array] = self._session.run(self._signature.outputs, self._signature.arrays(inputs))
        return answer

    def run_one(self, array: Array) -> Array:
        """For a program of one input and one output."""
        return self.run({self._signature.inputs[0][0]: array})[0]


def open_onnx(bundle: Bundle, module: Module, settings: DeviceSettings) -> OnnxSession:
    """A module's ONNX program."""
    assert module.onnx is not None  # the manifest made sure that a runner of onnxruntime has its file
    return OnnxSession(bundle.file(module.onnx), module, settings)


def session_options() -> onnxruntime.SessionOptions:
    """One math thread that never spins: as many workers as CPUs share the machine."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = ERRORS_ONLY
    return options
