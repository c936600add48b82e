"""THE FLOW of an export: layer -> inputs on every side -> program -> compare -> bundle -> proof -> place.

Half a bundle is never seen: it is made beside its place and moved there when a process of its own, started as
a server's worker would be, has verified it and passed its self-tests.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from paddle_runtime.bundle.engine import Engine
from paddle_runtime.bundle.make import write_manifest
from paddle_runtime.bundle.manifest import digest_of
from paddle_runtime.bundle.signature import TensorSpec
from paddle_runtime.bundle.store import read_manifest_bytes
from paddle_runtime.export.describe import Label, description, output_specs, self_tests
from paddle_runtime.export.faults import ExportFault, ExportReason
from paddle_runtime.export.framework import paddle
from paddle_runtime.export.inputs import Inputs, buckets_of, parse_input, parse_range
from paddle_runtime.export.layer import Dynamic, arrays_of, own_inputs
from paddle_runtime.export.measure import Comparison, Job, allowed, compare
from paddle_runtime.export.onnx import convert, require_converter
from paddle_runtime.export.program import Form, Program, program_outputs, save_form, save_program
from paddle_runtime.export.sides import FIRST_SEED, Sides, Vector, require_conditionals, take_sides
from paddle_runtime.export.source import Layer, Source, build_layer
from paddle_runtime.pipeline.tensor import MODULE

ONNX_FILE = "model.onnx"
ENGINES = {
    Form.LEGACY: (Engine.OPENVINO, Engine.ONEDNN, Engine.PLAIN),
    Form.NEW: (Engine.ONEDNN, Engine.PLAIN),
}


class Progress(Protocol):
    """cli/progress.py, as far as it is used here."""

    def step(self, text: str) -> None:
        """Something begins."""
        ...

    def share(self, text: str, share: float) -> None:
        """Some of it is done."""
        ...


@dataclass(frozen=True)
class Order:
    """What is wanted. inputs: of the layer itself where empty. engine: the fastest right one where None."""

    source: Source
    into: Path
    label: Label
    inputs: Sequence[str] = ()
    buckets: Sequence[str] = ()
    ranges: Sequence[str] = ()
    engine: Engine | None = None
    allow_untaken: bool = False
    onnx: bool = False
    repetitions: int = 30
    tolerance: float = 1e-3


@dataclass(frozen=True)
class Exported:
    """What was written and what was seen on the way."""

    path: Path
    digest: str
    size_bytes: int
    program: Program
    inputs: Inputs
    outputs: tuple[TensorSpec, ...]
    engine: Engine
    sides: Sides
    comparison: Comparison
    insensitive: bool
    onnx: bool


def export(order: Order, progress: Progress) -> Exported:
    """The whole way; an ExportFault leaves nothing behind."""
    require_empty(order.into)
    if order.onnx:
        require_converter()
    progress.step(f"importing {order.source.module}")
    layer = build_layer(order.source)
    specs = tuple(map(parse_input, order.inputs)) or own_inputs(layer)
    ranges = dict(parse_range(text, specs) for text in order.ranges)
    inputs = Inputs(specs, buckets_of(order.buckets, specs), ranges)
    dynamic = Dynamic(layer, specs)
    progress.step(f"running the layer on {len(inputs.buckets)} buckets and watching its branches")
    sides = take_sides(dynamic, inputs, allow_untaken=order.allow_untaken)
    order.into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=order.into.parent, prefix=f".{order.into.name}-") as made:
        bundle, scratch = Path(made) / "bundle", Path(made) / "scratch"
        bundle.mkdir(mode=0o755)
        scratch.mkdir()
        progress.step("making the static program")
        program = save_program(layer, specs, bundle, scratch)
        require_conditionals(sides, program.conditionals)
        outputs = output_specs(program_outputs(bundle, program), program, sides.vectors)
        described = description(
            order.label, paddle_version=paddle.__version__, program=program, inputs=inputs, outputs=outputs
        )
        if order.onnx:
            progress.step("converting to ONNX")
            add_onnx(described, layer, program, bundle, scratch)
        write_manifest(bundle, described)
        progress.step("comparing dynamic and static")
        comparison = compare(_job(order, sides, program.form, bundle, scratch), progress.share)
        require_parity(order, comparison)
        described["modules"][MODULE]["engine"] = comparison.fastest.value
        tests = self_tests(sides.vectors, outputs, order.tolerance)
        manifest = write_manifest(bundle, {**described, "selfTest": tests})
        progress.step("proving the bundle in a process of its own")
        prove(bundle)
        digest = digest_of(read_manifest_bytes(bundle))
        place(bundle, order.into)
    return Exported(
        path=order.into,
        digest=digest,
        size_bytes=manifest.size_bytes,
        program=program,
        inputs=inputs,
        outputs=outputs,
        engine=comparison.fastest,
        sides=sides,
        comparison=comparison,
        insensitive=_insensitive(dynamic, sides.vectors[0], order.tolerance),
        onnx=order.onnx,
    )


def require_empty(into: Path) -> None:
    """A folder that holds something is somebody's."""
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise ExportFault(
            ExportReason.InputInvalid, f"--into {into} is there and not empty: name a new folder."
        )


def add_onnx(described: dict[str, Any], layer: Layer, program: Program, bundle: Path, scratch: Path) -> None:
    """Write the ONNX form beside the program and name it in the manifest."""
    module = described["modules"][MODULE]
    specs = [TensorSpec.model_validate(spec) for spec in module["inputs"]]
    made = scratch / "for-onnx"
    made.mkdir()
    new = save_form(Form.NEW, layer, specs, made, scratch / "new-form")
    convert(
        made / new.program,
        made / new.params,
        [spec["name"] for spec in module["outputs"]],
        bundle / ONNX_FILE,
        branches=program.conditionals,
    )
    module["onnx"] = ONNX_FILE


def require_parity(order: Order, comparison: Comparison) -> None:
    """An ONNX form that was asked for must answer as the layer does, at every bucket."""
    if order.onnx and Engine.ONNXRUNTIME in comparison.out:
        raise ExportFault(
            ExportReason.OnnxFailed,
            f"the ONNX form in onnxruntime {comparison.out[Engine.ONNXRUNTIME]}. No bundle was written: "
            "export without --onnx.",
        )


def prove(bundle: Path) -> None:
    """Every byte and every self-test, as a worker does it."""
    command = [sys.executable, "-m", "paddle_runtime.main", "verify", str(bundle), "--self-test"]
    done = subprocess.run([*command, "--output", "json"], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    try:
        said = str(json.loads(done.stdout)["message"])
    except (ValueError, KeyError):
        said = " ".join(done.stderr.split())[-400:]
    raise ExportFault(ExportReason.OutputDiffers, f"the finished bundle fails its own self-test: {said}")


def place(bundle: Path, into: Path) -> None:
    """Move it; an empty folder that was there makes room."""
    if into.exists():
        into.rmdir()
    shutil.move(bundle, into)


def _job(order: Order, sides: Sides, form: Form, bundle: Path, scratch: Path) -> Job:
    paths = []
    for number, vector in enumerate(sides.vectors):
        path = scratch / f"input-{number}.npz"
        arrays = arrays_of(vector.inputs, vector.bucket, vector.seed)
        np.savez(path, allow_pickle=False, **arrays)
        paths.append(str(path))
    source = order.source
    dynamic: Mapping[str, object] = {
        "kind": "dynamic",
        "module": source.module,
        "name": source.name,
        "arguments": dict(source.arguments),
        "specs": [spec.model_dump(mode="json") for spec in sides.vectors[0].inputs.specs],
        "inputs": paths,
    }
    engines = ENGINES[form] if order.engine is None else (order.engine,)
    if order.onnx:
        engines = (*engines, Engine.ONNXRUNTIME)
    statics = {
        engine: {"kind": "static", "bundle": str(bundle), "engine": engine.value, "inputs": paths}
        for engine in engines
    }
    return Job(sides.vectors, dynamic, statics, scratch, order.repetitions, order.tolerance)


def _insensitive(dynamic: Dynamic, vector: Vector, tolerance: float) -> bool:
    """Whether other values give outputs that the self-test could not tell from the right ones."""
    other = replace(vector, seed=vector.seed + FIRST_SEED)
    outputs = dynamic.run(arrays_of(other.inputs, other.bucket, other.seed))
    return all(
        got.shape == wanted.shape
        and bool(
            np.all(np.abs(got.astype(np.float64) - wanted.astype(np.float64)) <= allowed(wanted, tolerance))
        )
        for got, wanted in zip(outputs, vector.outputs, strict=True)
    )
