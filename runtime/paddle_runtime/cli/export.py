"""`paddle-runtime export MODULE:NAME --into DIR`: a dynamic layer becomes a bundle, every branch alive."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paddle_runtime.bundle.engine import Engine
from paddle_runtime.cli.outcome import Result, add_output_argument, finish
from paddle_runtime.cli.progress import Progress

ENGINES = (Engine.OPENVINO, Engine.ONEDNN, Engine.PLAIN)
NAME = re.compile(r"[^a-z0-9.-]+")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `paddle-runtime export`."""
    add = parser.add_argument
    add(
        "source",
        metavar="MODULE:NAME",
        help="path/to/file.py:Name or package.module:Name, whose code is run; Name is a class, a "
        "function that returns a layer, or a layer",
    )
    add("--into", type=Path, required=True, help="new folder that becomes the bundle")
    add("--name", help="name in the bundle (default: from NAME)")
    add("--version", default="1", help="version in the bundle (default 1)")
    add("--license", help="licence of the weights, for the manifest")
    add("--arg", action="append", default=[], metavar="KEY=VALUE", help="argument for NAME; repeat for more")
    add(
        "--input",
        action="append",
        default=[],
        metavar="NAME=TYPE[SIZES]",
        help="x=FP32[-1,3,48,-1], where -1 is free; repeat for more (default: the layer's input_spec)",
    )
    add(
        "--bucket",
        action="append",
        default=[],
        metavar="SHAPE",
        help="1x3x48x320, or a=1x16,b=1x16: a shape that is served, warmed and proved; repeat for more, "
        "every side of every branch needs one",
    )
    add(
        "--range",
        action="append",
        default=[],
        metavar="NAME=LOW,HIGH",
        help="bounds of the values that known inputs take; repeat for more (default 0,1)",
    )
    add(
        "--engine",
        choices=[engine.value for engine in ENGINES],
        help="engine on CPU (default: the fastest that answers as the layer does)",
    )
    add(
        "--allow-untaken",
        action="store_true",
        help="accept that a side of a branch is left out, since the declared shape rules it out: other "
        "shapes are refused when served",
    )
    add(
        "--onnx",
        action="store_true",
        help="add the program's ONNX form, which must answer as the layer does (needs the extra 'export')",
    )
    add("--repetitions", type=repetitions, default=30, help="calls of each contestant and input (default 30)")
    add(
        "--tolerance",
        type=share,
        default=1e-3,
        help="difference that passes, as a share of an output's largest value (default 0.001)",
    )
    add_output_argument(parser)


def run(args: argparse.Namespace) -> int:
    """The exit code is 0 or the reason's."""
    with own_output():
        return finish("export", args.output, lambda progress: _export(args, progress))


def _export(args: argparse.Namespace, progress: Progress) -> Result:
    # Only this command pays for Paddle, and only it runs somebody's code.
    from paddle_runtime.export import report  # noqa: PLC0415
    from paddle_runtime.export.describe import Label  # noqa: PLC0415
    from paddle_runtime.export.flow import Order, export  # noqa: PLC0415
    from paddle_runtime.export.source import parse_source  # noqa: PLC0415

    source = parse_source(args.source, args.arg)
    where = Path(source.module).name if source.module.endswith(".py") else source.module
    exported = export(
        Order(
            source=source,
            into=args.into,
            label=Label(
                name=args.name or bundle_name(source.name),
                version=args.version,
                source=f"exported from {where}:{source.name}",
                license=args.license,
            ),
            inputs=args.input,
            buckets=args.bucket,
            ranges=args.range,
            engine=None if args.engine is None else Engine(args.engine),
            allow_untaken=args.allow_untaken,
            onnx=args.onnx,
            repetitions=args.repetitions,
            tolerance=args.tolerance,
        ),
        progress,
    )
    return Result(report.document(exported), report.text(exported))


def repetitions(text: str) -> int:
    """At least one call."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def share(text: str) -> float:
    """Between nothing and everything."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share from 0 to below 1")
    return value


def bundle_name(name: str) -> str:
    """DocRecognizer and doc_recognizer become doc-recognizer, which a bundle may be called."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
    return NAME.sub("-", parted).strip("-.")[:63] or "model"


@contextmanager
def own_output() -> Iterator[None]:
    """Standard output for the result alone: what the user's code and Paddle print goes to standard error."""
    sys.stdout.flush()
    real = sys.stdout
    with os.fdopen(os.dup(1), "w") as ours:
        os.dup2(2, 1)
        sys.stdout = ours
        try:
            yield
        finally:
            ours.flush()
            os.dup2(ours.fileno(), 1)
            sys.stdout = real
