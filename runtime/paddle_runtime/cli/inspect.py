"""`paddle-runtime inspect BUNDLE`: what it holds, what it answers, what proves it, what it needs."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from pydantic import JsonValue

from paddle_runtime.bundle.calibration import Calibration
from paddle_runtime.bundle.engine import Device
from paddle_runtime.bundle.manifest import Manifest, Module
from paddle_runtime.bundle.signature import TensorSpec
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.bundle.unpacked import bundle_path, described
from paddle_runtime.cli.outcome import Result, add_output_argument, finish, rows
from paddle_runtime.cli.paths import add_path_argument
from paddle_runtime.cli.progress import Progress
from paddle_runtime.tasks import TASKS

SHOWN_BUCKETS = 6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `paddle-runtime inspect`."""
    add_path_argument(parser)
    add_output_argument(parser)


def run(args: argparse.Namespace) -> int:
    """The exit code is 0 or the reason's."""

    def action(progress: Progress) -> Result:
        bundle = described(bundle_path(args.path), args.task)
        return Result(document_of(bundle), "\n".join(text_of(bundle)))

    return finish("inspect", args.output, action)


def document_of(bundle: Bundle) -> dict[str, JsonValue]:
    """The JSON form."""
    manifest = bundle.manifest
    return {
        "path": str(bundle.path),
        "digest": bundle.digest,
        "name": manifest.name,
        "version": manifest.version,
        "task": manifest.task.value,
        "format": manifest.model_format,
        "paddleVersion": manifest.paddle_version,
        "license": manifest.license,
        "source": manifest.source,
        "files": len(manifest.files),
        "sizeBytes": manifest.size_bytes,
        "endpoints": list(endpoints(manifest)),
        "selfTests": len(manifest.self_test),
        "memory": [memory_document(each) for each in manifest.calibration],
        "modules": {name: module_document(module) for name, module in manifest.modules.items()},
    }


def module_document(module: Module) -> dict[str, JsonValue]:
    """One module of the JSON form."""
    return {
        "program": module.program,
        "onnx": module.onnx,
        "engines": {device.value: str(module.runner(device)) for device in Device},
        "inputs": [spec.model_dump(mode="json") for spec in module.inputs],
        "outputs": [spec.model_dump(mode="json") for spec in module.outputs],
        "buckets": [{name: list(shape) for name, shape in bucket.items()} for bucket in module.buckets],
    }


def memory_document(calibration: Calibration) -> dict[str, JsonValue]:
    """What a worker needs on one device, from what its modules were seen to need each by itself.

    Together they share the interpreter and the libraries: more than the largest, at most the sum.
    """
    seen = {name: chosen.resident_mib for name, rows in calibration.modules.items() for chosen in rows
            if chosen.chosen and chosen.resident_mib is not None}  # fmt: skip
    return {
        "device": calibration.device.value,
        "date": calibration.date,
        "modulesMiB": dict(seen),
        "atLeastMiB": max(seen.values(), default=None),
        "atMostMiB": sum(seen.values()) if seen else None,
    }


def memory_text(manifest: Manifest) -> str:
    """The same for people."""
    documents = [memory_document(each) for each in manifest.calibration]
    told = [
        f"{each['atLeastMiB']:.0f} to {each['atMostMiB']:.0f} MiB a worker on {each['device']} "
        f"({each['date']})"
        for each in documents
        if each["modulesMiB"]
    ]
    return "; ".join(told) or "not measured: 'paddle-runtime bench --calibrate' does"


def endpoints(manifest: Manifest) -> tuple[str, ...]:
    """Addresses that this bundle answers at, served under its own name."""
    return tuple(kind.path.format(name=manifest.name) for kind in TASKS[manifest.task].kinds)


def text_of(bundle: Bundle) -> Iterator[str]:
    """For people: the bundle, then each module with what goes in and out."""
    manifest = bundle.manifest
    tests = len(manifest.self_test)
    yield rows(
        {
            "bundle": f"{manifest.name} {manifest.version}",
            "digest": bundle.digest,
            "task": manifest.task.value,
            "endpoints": " ".join(endpoints(manifest)),
            "files": f"{len(manifest.files)}, {manifest.size_bytes / 1e6:.1f} MB",
            "format": manifest.model_format,
            "paddle": manifest.paddle_version or "-",
            "memory": memory_text(manifest),
            "self-tests": tests or "none: nothing proves a device or an engine right",
        }
    )
    for name, module in manifest.modules.items():
        programs = " and ".join(file for file in (module.program, module.onnx) if file is not None)
        yield f"\nmodule {name}: {programs} with {module.runner(Device.CPU)} on CPU"
        yield rows(
            {
                **{f"  in {spec.name}": shape_of(spec) for spec in module.inputs},
                **{f"  out {spec.name}": shape_of(spec) for spec in module.outputs},
                f"  {len(module.buckets)} buckets": buckets_of(module),
            }
        )


def shape_of(spec: TensorSpec) -> str:
    """FP32[-1,3,48,-1], as export takes it."""
    return f"{spec.datatype.value}[{','.join(map(str, spec.shape))}]"


def buckets_of(module: Module) -> str:
    """The first few."""
    shown = [" ".join("x".join(map(str, shape)) for shape in bucket.values()) for bucket in module.buckets]
    more = [f"and {len(shown) - SHOWN_BUCKETS} more"] if len(shown) > SHOWN_BUCKETS else []
    return ", ".join(shown[:SHOWN_BUCKETS] + more)
