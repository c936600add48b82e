"""From a module of a bundle to a session, by whatever runs it.

That is imported when a module asks for it: a worker whose modules all run in onnxruntime never pays for
paddle, which is a second and 330 MB.
"""

from __future__ import annotations

from paddle_runtime.bundle.engine import Engine
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.bundle.verify import require_form
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.predictor.session import Session, paddle_words


def open_session(bundle: Bundle, module_name: str, settings: DeviceSettings) -> Session:
    """Load one module of a bundle; LoadFailed carries the framework's own words.

    Whoever opens a bundle, and whatever became of its files since they were verified: no framework is given a
    program that was not looked at.
    """
    module = bundle.manifest.modules[module_name]
    runner = module.runner(settings.device)
    file = module.onnx if runner.engine is Engine.ONNXRUNTIME else module.program
    assert file is not None  # the manifest made sure that a runner has its file
    require_form(bundle.file(file), file, program=True)
    try:
        if runner.engine is Engine.ONNXRUNTIME:
            from paddle_runtime.predictor.onnx import open_onnx  # noqa: PLC0415

            return open_onnx(bundle, module_name, settings)
        from paddle_runtime.predictor.paddle import open_paddle  # noqa: PLC0415

        return open_paddle(bundle, module_name, settings)
    except BundleFault:
        raise
    except Exception as error:
        raise BundleFault(
            BundleReason.LoadFailed,
            f"module {module_name} cannot be loaded by engine {runner} on {settings.device}: "
            f"{paddle_words(error)}",
        ) from error
