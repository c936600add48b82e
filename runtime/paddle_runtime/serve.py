"""`paddle-runtime serve`: from settings to a running server and to an exit code that says why it ended."""

from __future__ import annotations

import logging
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NoReturn

import uvloop

from paddle_runtime.bundle.compose import open_composed
from paddle_runtime.bundle.engine import Device
from paddle_runtime.bundle.manifest import Manifest
from paddle_runtime.bundle.store import Bundle, require_task
from paddle_runtime.bundle.termination import write_termination
from paddle_runtime.bundle.unpacked import bundle_path, modules_of, unpacked
from paddle_runtime.bundle.verify import verify
from paddle_runtime.dispatch.child import WORKER_COMMAND
from paddle_runtime.dispatch.launch import too_slow
from paddle_runtime.dispatch.slab import Slab, SlabSize
from paddle_runtime.errors import BundleFault
from paddle_runtime.protocol.v2_json import model_metadata
from paddle_runtime.server import Model, Server
from paddle_runtime.settings import Settings, SettingsFault, env_name
from paddle_runtime.transport.http_server import AddressFault, listen

log = logging.getLogger(__name__)
OS_EXIT_CODE = 1


def serve(settings: Settings, command: tuple[str, ...] = WORKER_COMMAND) -> int:
    """Serve until told to stop (0), or until there is nothing to serve (the BundleFault's exit code)."""
    _end_on_sigterm(time.monotonic())
    require_startable(settings)
    try:
        with opened_model(settings) as model:
            return serve_model(settings, model, (settings.worker_python or command[0], *command[1:]))
    except BundleFault as fault:
        return end_with(fault, settings)


def require_startable(settings: Settings) -> None:
    """SettingsFault for what would let no worker start, before the bundle is read and three are tried."""
    if settings.worker_python and shutil.which(settings.worker_python) is None:
        raise SettingsFault(
            f"--worker-python={settings.worker_python!r} ({env_name('worker_python')}) is no program that "
            "can be run: give the path of a Python interpreter that has this package"
        )
    try:
        Slab.create(SlabSize.of(settings.shared_memory_mib)).close()
    except (OSError, OverflowError) as error:
        raise SettingsFault(
            f"--shared-memory-mib={settings.shared_memory_mib} ({env_name('shared_memory_mib')}): so much "
            f"cannot be had for each worker ({error}); the default is {Settings.shared_memory_mib}"
        ) from None


def _end_on_sigterm(began: float) -> None:
    """Until the event loop takes signals over. The first process of a container has no default for them."""

    def end(*_: object) -> NoReturn:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        seconds = time.monotonic() - began
        raise too_slow(
            f"asked to stop: SIGTERM came {seconds:.1f} s after the start and the bundle was not verified "
            "yet",
            (),
        )

    signal.signal(signal.SIGTERM, end)


def serve_model(settings: Settings, model: Model, command: tuple[str, ...]) -> int:
    """The same for a model that is open already."""
    try:
        listener = listen(settings.host, settings.port)
    except AddressFault as fault:
        log.error("%s", fault)
        return OS_EXIT_CODE
    with listener:
        try:
            ended = uvloop.run(Server(settings, model, command).run(listener))
        except AddressFault as fault:
            log.error("%s", fault)
            return OS_EXIT_CODE
    return 0 if ended is None else end_with(ended, settings)


def end_with(fault: BundleFault, settings: Settings) -> int:
    """Say why there is nothing to serve: in the log, to the pod's status, in the exit code."""
    log.error("%s: %s", fault.reason.name, fault)
    write_termination(Path(settings.termination_log), {"reason": fault.reason.name, "message": str(fault)})
    return fault.reason.value


@contextmanager
def opened_model(settings: Settings) -> Iterator[Model]:
    """Read the manifest and check every file once, here; workers then trust the folder."""
    if not settings.model:
        raise SettingsFault(
            "--model is not set; give the folder or archive of a bundle, that of an exported model, or "
            "builtin:NAME"
        )
    began = time.monotonic()
    path, digest = bundle_path(settings.model), settings.model_digest or None
    with ExitStack() as stack:
        folder = stack.enter_context(unpacked(path, digest, settings.task))
        modules = {
            name: stack.enter_context(unpacked(place)) for name, place in modules_of(settings.modules).items()
        }
        bundle = open_composed(folder, digest, modules)
        require_task(bundle, settings.task)
        size = verify(bundle)
        seconds = time.monotonic() - began
        log.info("%s verified: %d bytes, %s, in %.2f s", path, size, bundle.digest, seconds)
        yield _describe(settings, bundle, modules, seconds)


def _describe(
    settings: Settings, bundle: Bundle, modules: Mapping[str, Path], verify_seconds: float
) -> Model:
    manifest = bundle.manifest
    name = settings.model_name or manifest.name
    return Model(
        name=name,
        task=manifest.task,
        digest=bundle.digest,
        engine=_engines(manifest, settings),
        metadata=model_metadata(manifest, name=name),
        order={
            "bundle": str(bundle.path),
            "digest": bundle.digest,
            "modules": {module: str(folder) for module, folder in modules.items()},
            "modelName": name,
            "device": settings.device,
            "deviceMemoryMib": settings.device_memory_mib,
            "engineCacheDir": settings.engine_cache_dir,
            "maxBodyBytes": settings.max_body_bytes,
            "maxPixels": settings.max_pixels,
            "maxSide": settings.max_side,
            "maxPages": settings.max_pages,
            "maxDecodeBytes": settings.max_decode_bytes,
            "pdfDpi": settings.pdf_dpi,
            "engine": settings.engine,
            "logFormat": settings.log_format,
        },
        verify_seconds=verify_seconds,
    )


def _engines(manifest: Manifest, settings: Settings) -> str:
    """What runs the modules: an engine in the bundle's place, or those that the bundle has for the device."""
    if settings.engine != "bundle":
        return settings.engine
    device = Device(settings.device)
    return "+".join(sorted({str(module.runner(device)) for module in manifest.modules.values()}))
