"""The part of paddlepaddle that inference is made of: its compiled library, without the Python framework.

`import paddle` brings training, distribution and 1,500 modules along: a second or two and 100 MB in every
worker, and it takes the process's signals. On a CPU none of that is used, so the library is loaded alone;
where Paddle was imported already, or a device has to be found and prepared, it is the one inside `paddle`.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from paddle_runtime.bundle.engine import Device
from paddle_runtime.errors import BundleFault, BundleReason

MODULE = "paddle.base.libpaddle"
DISTRIBUTIONS = ("paddlepaddle", "paddlepaddle-gpu", "paddlepaddle-npu", "paddlepaddle-mlu")


def load(device: Device) -> Any:
    """The compiled module: AnalysisConfig, create_predictor and the tensors."""
    if MODULE in sys.modules:
        return sys.modules[MODULE]
    if device is Device.CPU and (library := library_file()) is not None:
        return load_alone(library)
    framework()
    return sys.modules[MODULE]


def framework() -> Any:
    """All of paddle."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a missing ccache, which only builds of extensions need
        return importlib.import_module("paddle")


def library_file() -> Path | None:
    """Where the compiled module lies; None where it is not where it is looked for."""
    found = importlib.util.find_spec("paddle")
    if found is None or found.origin is None:
        raise BundleFault(
            BundleReason.LoadFailed,
            "an engine of Paddle is asked for and there is no paddlepaddle: install paddle-sla[runtime].",
        )
    folder = Path(found.origin).parent / "base"
    return next((path for path in sorted(folder.glob("libpaddle*.so"))), None)


def load_alone(library: Path) -> Any:
    """Under the name that it has inside Paddle, so that a later `import paddle` finds this one."""
    spec = importlib.util.spec_from_file_location(MODULE, library)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[MODULE]
        raise
    return module


def paddle_version() -> str:
    """Of whichever distribution of Paddle is installed."""
    for name in DISTRIBUTIONS:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return str(framework().__version__)
