"""A program inside onnxruntime. The only file that imports onnxruntime."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import onnxruntime

from paddle_runtime.bundle.manifest import Module
from paddle_runtime.bundle.signature import Shape
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.predictor.devices import Device, DeviceSettings
from paddle_runtime.predictor.providers import (
    CUDA_PROVIDER,
    gpu_pool,
    providers,
    require_active,
    require_provider,
)
from paddle_runtime.predictor.session import Array, Signature

ERRORS_ONLY = 3
Bucket = frozenset[tuple[str, Shape]]


class OnnxSession:
    """session.Session on onnxruntime.InferenceSessions: one on a CPU, on a GPU one for every bucket.

    On a GPU a session plans its convolutions anew whenever the shape differs from that of the call before:
    0.1 to 1 s each time, seen on an H100 with 1.31. Buckets are few and weights are small; other shapes,
    of which a caller may send any number, share one session.
    """

    def __init__(self, file: Path, module: Module, settings: DeviceSettings) -> None:
        if settings.device is Device.GPU:
            load_cuda_libraries()
        require_provider(settings, onnxruntime.get_available_providers(), str(onnxruntime.__version__))
        if settings.device is Device.GPU:
            share_gpu_memory(settings.device_id, settings.memory_mib)
        self._file, self._settings = file, settings
        self._first = self._open()
        self._buckets = {frozenset(bucket.items()) for bucket in module.buckets}
        self._by_bucket: dict[Bucket | None, onnxruntime.InferenceSession] = {}
        self._signature = Signature(
            module,
            file,
            [node.name for node in self._first.get_inputs()],
            [node.name for node in self._first.get_outputs()],
        )

    def _open(self) -> onnxruntime.InferenceSession:
        settings = self._settings
        wanted = [(name, dict(options)) for name, options in providers(settings)]
        options = session_options()
        if settings.device is Device.GPU:
            options.add_session_config_entry("session.use_env_allocators", "1")
        session = onnxruntime.InferenceSession(str(self._file), options, providers=wanted)
        require_active(settings, session.get_providers(), str(onnxruntime.__version__))
        return session

    def _session_for(self, arrays: Mapping[str, Array]) -> onnxruntime.InferenceSession:
        if self._settings.device is not Device.GPU:
            return self._first
        shapes = frozenset((name, array.shape) for name, array in arrays.items())
        bucket = shapes if shapes in self._buckets else None
        if bucket not in self._by_bucket:
            self._by_bucket[bucket] = self._open() if self._by_bucket else self._first
        return self._by_bucket[bucket]

    def run(self, inputs: Mapping[str, Array]) -> list[Array]:
        """Outputs in the manifest's order."""
        arrays = self._signature.arrays(inputs)
        answer: list[Array] = self._session_for(arrays).run(self._signature.outputs, arrays)
        return answer

    def run_one(self, array: Array) -> Array:
        """For a program of one input and one output."""
        return self.run({self._signature.inputs[0][0]: array})[0]


def open_onnx(bundle: Bundle, name: str, settings: DeviceSettings) -> OnnxSession:
    """A module's ONNX program."""
    module = bundle.manifest.modules[name]
    assert module.onnx is not None  # the manifest made sure that a runner of onnxruntime has its file
    return OnnxSession(bundle.file(module.onnx), module, settings)


def session_options() -> onnxruntime.SessionOptions:
    """One math thread that never spins: as many workers as CPUs share the machine.

    Memory patterns off: they keep a plan of the memory for every shape, 100 MB over the buckets of OCR, and
    make no call faster. The arena stays on: without it the detector takes half as long again.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_mem_pattern = False
    options.log_severity_level = ERRORS_ONLY
    return options


@cache
def share_gpu_memory(device_id: int, memory_mib: int) -> None:
    """One pool for all sessions of this process: of its own, each would keep the most it ever needed."""
    kind, use = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, onnxruntime.OrtMemType.DEFAULT
    memory = onnxruntime.OrtMemoryInfo("Cuda", kind, device_id, use)
    pool = onnxruntime.OrtArenaCfg(gpu_pool(memory_mib))
    onnxruntime.create_and_register_allocator_v2(CUDA_PROVIDER, memory, {"device_id": str(device_id)}, pool)


def load_cuda_libraries() -> None:
    """CUDA and cuDNN as a torch installation brings them, else as NVIDIA's packages do."""
    if importlib.util.find_spec("torch") is not None:
        importlib.import_module("torch")
    if hasattr(onnxruntime, "preload_dlls"):
        onnxruntime.preload_dlls()
