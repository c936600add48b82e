"""`paddle-runtime verify BUNDLE`: every byte, and on wish the self-test on this machine."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

from paddle_runtime.bundle.store import Bundle, open_bundle, require_task
from paddle_runtime.bundle.unpacked import bundle_path, unpacked
from paddle_runtime.bundle.verify import verify
from paddle_runtime.cli.outcome import Result, add_output_argument, finish, rows
from paddle_runtime.cli.paths import add_path_argument
from paddle_runtime.cli.progress import Progress
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.settings import Settings, options

DEVICES = next(option.choices for name, _, option in options() if name == "device")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `paddle-runtime verify`."""
    add_path_argument(parser)
    parser.add_argument(
        "--self-test", action="store_true", help="also load the model and run its self-tests on this machine"
    )
    parser.add_argument(
        "--device", choices=DEVICES, default=Settings.device, help="device of the self-test (default CPU)"
    )
    add_output_argument(parser)


def run(args: argparse.Namespace) -> int:
    """The exit code is 0 or the reason's."""

    def action(progress: Progress) -> Result:
        path = bundle_path(args.path)
        with unpacked(path, task=args.task) as folder:
            bundle = open_bundle(folder)
            require_task(bundle, args.task)
            size = verify(bundle, progress.share)
            tested = _self_test(path, bundle, args.device, progress) if args.self_test else None
        document: dict[str, JsonValue] = {
            "path": str(path),
            "digest": bundle.digest,
            "files": len(bundle.manifest.files),
            "sizeBytes": size,
            "selfTest": None if tested is None else dict(tested),
        }
        shown = "not run" if tested is None else f"{tested['passed']} passed on {args.device}"
        return Result(document, rows({**document, "selfTest": shown}))

    return finish("verify", args.output, action)


def _self_test(path: Path, bundle: Bundle, device: str, progress: Progress) -> Mapping[str, JsonValue]:
    """Load the model as a worker does and run what it must answer."""
    # Only this flag pays for Paddle.
    from paddle_runtime.pipeline import open_pipeline, prove  # noqa: PLC0415
    from paddle_runtime.predictor.devices import Device, DeviceSettings  # noqa: PLC0415

    count = len(bundle.manifest.self_test)
    if count == 0:
        raise BundleFault(
            BundleReason.SelfTestFailed,
            f"{path} has no self-test: write known inputs with their outputs under selfTest in "
            "model.yaml, then run 'paddle-runtime bundle' on the folder.",
        )
    progress.step(f"loading {bundle.manifest.name} on {device}")
    began = time.monotonic()
    settings = DeviceSettings(device=Device(device))
    pipeline = open_pipeline(bundle.on(settings.device), settings)
    progress.step(f"running {count} self-tests")
    prove(pipeline, settings)
    return {"passed": count, "device": device, "seconds": round(time.monotonic() - began, 2)}
