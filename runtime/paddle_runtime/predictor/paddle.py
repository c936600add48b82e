"""A program inside Paddle Inference."""

from __future__ import annotations

import hashlib
import logging
import os
import weakref
from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from paddle_runtime.bundle.engine import Engine, Precision, Runner
from paddle_runtime.bundle.manifest import Module
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.predictor import libpaddle
from paddle_runtime.predictor.cache_dir import private_cache_dir
from paddle_runtime.predictor.devices import (
    Device,
    DeviceSettings,
    DevicesPresent,
    GpuFacts,
    require_device,
    require_version,
    tensorrt_key,
)
from paddle_runtime.predictor.engines import PADDLE_PRECISIONS, Call, Program, config_calls
from paddle_runtime.predictor.environment import prepare_environment
from paddle_runtime.predictor.pinning import forbid_pinning
from paddle_runtime.predictor.session import Array, Signature

log = logging.getLogger(__name__)


class PaddleSession:
    """session.Session on a paddle.inference predictor."""

    def __init__(
        self,
        program: Program,
        module: Module,
        runner: Runner,
        settings: DeviceSettings,
        cache_dir: Path | None = None,
    ) -> None:
        self._program = program
        self._create = partial(_predictor, program, runner, settings, cache_dir or private_cache_dir())
        self._shared = _digest(program.program) if runner.engine is Engine.OPENVINO else None
        self._predictor = self._opened()
        self._signature = Signature(
            module,
            program.program,
            self._predictor.get_input_names(),
            self._predictor.get_output_names(),
        )

    def _opened(self) -> Any:
        """A new predictor; a session of the same program on OpenVINO gives up its own."""
        if self._shared is not None:
            if (holder := _holders.get(self._shared)) is not None:
                holder.give_up()
            _holders[self._shared] = self
        return self._create()

    def give_up(self) -> None:
        """Let go of the predictor; the next run makes it anew."""
        self._predictor = None

    def run(self, inputs: Mapping[str, Array]) -> list[Array]:
        """Outputs in the manifest's order, copied out of Paddle's memory."""
        if self._predictor is None:
            log.warning(
                "%s is opened once more: another session of this process has the same program, and Paddle "
                "keeps one of them on OpenVINO; give one engine OneDNN",
                self._program.program,
            )
            self._predictor = self._opened()
        for name, array in self._signature.arrays(inputs).items():
            handle = self._predictor.get_input_handle(name)
            handle.reshape(array.shape)
            handle._copy_from_cpu_bind(array)  # noqa: SLF001  what copy_from_cpu is, where paddle is whole
        self._predictor.run()
        return [self._predictor.get_output_handle(name).copy_to_cpu() for name in self._signature.outputs]

    def run_one(self, array: Array) -> Array:
        """For a program of one input and one output."""
        return self.run({self._signature.inputs[0][0]: array})[0]


_holders: weakref.WeakValueDictionary[str, PaddleSession] = weakref.WeakValueDictionary()
"""Who has the predictor, of the sessions of one program on OpenVINO; by its digest (docs/decisions/0042)."""


def _digest(program: Path) -> str:
    return hashlib.sha256(program.read_bytes()).hexdigest()


def _predictor(program: Program, runner: Runner, settings: DeviceSettings, cache_dir: Path) -> Any:
    """What Paddle makes of a program on an engine and a device; BundleFault where it would fall back."""
    core = libpaddle.load(settings.device)
    config = core.AnalysisConfig(str(program.program), str(program.params))
    apply_calls(core, config, config_calls(settings, runner, program, cache_dir))
    if settings.device is Device.GPU and not config.use_gpu():
        raise BundleFault(
            BundleReason.DeviceUnavailable,
            f"paddlepaddle {libpaddle.paddle_version()} fell back to CPU although runtime.device "
            "(--device) is GPU: install a CUDA build of paddlepaddle that knows this GPU.",
        )
    if (lacking := engine_lacking(runner.engine, config)) is not None:
        log.warning(
            "this paddlepaddle %s was built without %s (so are those for arm64) and runs %s on its own "
            "kernels, ten times slower: give the module its ONNX form and engine OnnxRuntime",
            libpaddle.paddle_version(),
            lacking,
            program.program,
        )
    if runner.engine is Engine.OPENVINO:
        forbid_pinning()
    return core.create_predictor(config)


def open_paddle(bundle: Bundle, name: str, settings: DeviceSettings) -> PaddleSession:
    """A module's Paddle program."""
    module = bundle.manifest.modules[name]
    assert module.program is not None
    assert module.params is not None  # the manifest made sure that a runner of Paddle has its files
    prepare_environment(settings.device, os.environ)
    installed = libpaddle.paddle_version()
    require_version(settings.device, installed)
    if installed != bundle.manifest.paddle_version:
        log.warning(
            "bundle %s was exported with Paddle %s, this is %s: %s",
            bundle.manifest.name,
            bundle.manifest.paddle_version,
            installed,
            "its self-test decides" if bundle.manifest.self_test else "it has no self-test that could decide",
        )
    if settings.device is not Device.CPU:
        require_device(settings, devices_present())
    runner = module.runner(settings.device)
    cache_dir = None
    if runner.engine is Engine.TENSORRT and settings.cache_dir is not None:
        key = tensorrt_key(bundle.digest, name, runner, gpu_facts(settings.device_id))
        cache_dir = settings.cache_dir / key
        cache_dir.mkdir(parents=True, exist_ok=True)
    program = Program(bundle.file(module.program), bundle.file(module.params), module.buckets)
    return PaddleSession(program, module, runner, settings, cache_dir)


def engine_lacking(engine: Engine, config: Any) -> Engine | None:
    """The engine that was asked for and that this build does not have: Paddle only logs it, and goes on."""
    have = {
        Engine.OPENVINO: "openvino_engine_enabled",
        Engine.ONEDNN: "onednn_enabled",
        Engine.TENSORRT: "tensorrt_engine_enabled",
    }
    return engine if engine in have and not getattr(config, have[engine])() else None


def apply_calls(core: Any, config: object, calls: Sequence[Call]) -> None:
    """Make the calls on a Config."""
    for call in calls:
        args = [
            getattr(core.AnalysisConfig.Precision, PADDLE_PRECISIONS[arg])
            if isinstance(arg, Precision)
            else arg
            for arg in call.args
        ]
        getattr(config, call.method)(*args)


@cache
def devices_present() -> DevicesPresent:
    """Ask the installed Paddle once."""
    paddle = libpaddle.framework()
    gpus = paddle.device.cuda.device_count() if paddle.device.is_compiled_with_cuda() else 0
    custom = frozenset(paddle.device.get_all_custom_device_type() or ())
    return DevicesPresent(gpus=gpus, custom=custom, paddle_version=paddle.__version__)


def gpu_facts(device_id: int) -> GpuFacts:
    """Of one GPU that is there, and of the Paddle that computes on it."""
    paddle = libpaddle.framework()
    return GpuFacts(
        name=paddle.device.cuda.get_device_name(device_id),
        capability=".".join(map(str, paddle.device.cuda.get_device_capability(device_id))),
        tensorrt=".".join(map(str, paddle.inference.get_trt_runtime_version())),
        paddle=paddle.__version__,
    )
