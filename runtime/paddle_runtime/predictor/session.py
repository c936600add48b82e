"""One loaded program on one thread. The only file that imports paddle."""

from __future__ import annotations

import atexit
import fcntl
import logging
import os
import shutil
import tempfile
import threading
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from paddle_runtime.bundle.manifest import Module
from paddle_runtime.bundle.signature import NUMPY_NAMES
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.predictor.devices import Device, DeviceSettings, DevicesPresent, require_device
from paddle_runtime.predictor.engines import Call, Precision, Program, config_calls

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # paddle warns of a missing ccache, which only builds of extensions need
    import paddle
    from paddle import inference

Array = npt.NDArray[Any]
log = logging.getLogger(__name__)


class Session:
    """A program that was created, is warmed and runs on one thread: Paddle's predictors allow no other."""

    def __init__(self, program: Program, module: Module, settings: DeviceSettings) -> None:
        require_device(settings, devices_present())
        config = inference.Config(str(program.program), str(program.params))
        apply_calls(config, config_calls(settings, module.engine, program, private_cache_dir()))
        if settings.device is Device.GPU and not config.use_gpu():
            raise BundleFault(
                BundleReason.DeviceUnavailable,
                f"paddlepaddle {paddle.__version__} fell back to CPU although runtime.device is GPU: "
                "install a CUDA build of paddlepaddle that knows this GPU.",
            )
        self._thread = threading.get_ident()
        self._predictor = inference.create_predictor(config)
        self._inputs = [(spec.name, np.dtype(NUMPY_NAMES[spec.datatype])) for spec in module.inputs]
        self._outputs = self._output_names(module, program)

    def _output_names(self, module: Module, program: Program) -> list[str]:
        have_inputs, have_outputs = self._predictor.get_input_names(), self._predictor.get_output_names()
        want_inputs = [spec.name for spec in module.inputs]
        want_outputs = [spec.name for spec in module.outputs]
        if set(want_inputs) != set(have_inputs) or not set(want_outputs) <= set(have_outputs):
            raise BundleFault(
                BundleReason.LoadFailed,
                f"{program.program.name} has inputs {have_inputs} and outputs {have_outputs}, model.yaml "
                f"declares {want_inputs} and {want_outputs}: correct the names in model.yaml.",
            )
        return want_outputs

    def run(self, inputs: Mapping[str, Array]) -> list[Array]:
        """Outputs in the manifest's order, copied out of Paddle's memory."""
        if threading.get_ident() != self._thread:
            raise RuntimeError(
                "a session was run on another thread than it was made on: answers would be wrong"
            )
        for name, dtype in self._inputs:
            array = np.ascontiguousarray(inputs[name], dtype=dtype)
            handle = self._predictor.get_input_handle(name)
            handle.reshape(array.shape)
            handle.copy_from_cpu(array)
        self._predictor.run()
        return [self._predictor.get_output_handle(name).copy_to_cpu() for name in self._outputs]

    def run_one(self, array: Array) -> Array:
        """For a program of one input and one output."""
        return self.run({self._inputs[0][0]: array})[0]


def open_session(bundle: Bundle, module_name: str, settings: DeviceSettings) -> Session:
    """Load one module of a bundle; LoadFailed carries Paddle's own words."""
    module = bundle.manifest.modules[module_name]
    if paddle.__version__ != bundle.manifest.paddle_version:
        log.warning(
            "bundle %s was exported with Paddle %s, this is %s: its self-test decides",
            bundle.manifest.name,
            bundle.manifest.paddle_version,
            paddle.__version__,
        )
    require_program_form(bundle.file(module.program))
    program = Program(bundle.file(module.program), bundle.file(module.params), len(module.buckets))
    try:
        return Session(program, module, settings)
    except BundleFault:
        raise
    except Exception as error:
        raise BundleFault(
            BundleReason.LoadFailed,
            f"module {module_name} ({module.program}) cannot be loaded by paddlepaddle {paddle.__version__} "
            f"with engine {module.engine} on {settings.device}: {paddle_words(error)}",
        ) from error


def require_program_form(path: Path) -> None:
    """Refuse a file that is no program at all: Paddle does not check, it crashes."""
    with path.open("rb") as file:
        start = file.read(1)
    # A .pdmodel is a protobuf message that begins with its first block (field 1, length-delimited).
    wanted = b"\x0a" if path.suffix == ".pdmodel" else b"{"
    if start != wanted:
        raise BundleFault(
            BundleReason.LoadFailed,
            f"{path.name} does not begin like a {path.suffix} program: export the model again.",
        )


def apply_calls(config: object, calls: Sequence[Call]) -> None:
    """Make the calls on a Config."""
    for call in calls:
        args = [
            getattr(inference.PrecisionType, arg.value) if isinstance(arg, Precision) else arg
            for arg in call.args
        ]
        getattr(config, call.method)(*args)


@cache
def devices_present() -> DevicesPresent:
    """Ask the installed Paddle once."""
    gpus = paddle.device.cuda.device_count() if paddle.device.is_compiled_with_cuda() else 0
    custom = frozenset(paddle.device.get_all_custom_device_type() or ())
    return DevicesPresent(gpus=gpus, custom=custom, paddle_version=paddle.__version__)


@cache
def private_cache_dir() -> Path:
    """A folder for compiled programs that nobody else writes to, empty now and after this process.

    The first of the numbered ones that no living process has locked: what a killed process left is dropped
    by the next, so there are never more than there were processes at one time.
    """
    for number in count():
        folder = Path(tempfile.gettempdir()) / f"paddle-runtime-{os.getuid()}-{number}"
        folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            if os.fstat(descriptor).st_uid != os.getuid():
                raise PermissionError(f"{folder} belongs to another user")
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held until this process is gone
        except BlockingIOError:
            os.close(descriptor)
            continue
        empty(folder)
        atexit.register(empty, folder)
        return folder
    raise AssertionError("unreachable: numbers do not end")


def empty(folder: Path) -> None:
    """Remove what is in a folder, not the folder."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def paddle_words(error: Exception) -> str:
    """Paddle's message without its C++ traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if "Error" in line or "[Hint" in line] or lines[-2:]
    return " ".join(told)[:600] or type(error).__name__
