"""`paddle-runtime bench BUNDLE`: its figures here; on wish the engines and shapes that fit best.

Nothing of this happens when a pod starts: what was chosen is in model.yaml, with what it was chosen from.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import JsonValue

from paddle_runtime.bundle.bare.folder import is_bare
from paddle_runtime.bundle.make import write_manifest
from paddle_runtime.bundle.paths import MANIFEST_NAME
from paddle_runtime.bundle.store import Bundle, open_bundle, require_not_builtin, require_task
from paddle_runtime.bundle.unpacked import bundle_path, unpacked
from paddle_runtime.bundle.verify import verify
from paddle_runtime.cli.outcome import Result, add_output_argument, finish, rows
from paddle_runtime.cli.paths import add_path_argument
from paddle_runtime.cli.progress import Progress
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.settings import Settings, options

if TYPE_CHECKING:
    from paddle_runtime.bundle.calibration import Calibration
    from paddle_runtime.calibrate.measure import Plan

log = logging.getLogger(__name__)
DEVICES = next(option.choices for name, _, option in options() if name == "device")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `paddle-runtime bench`."""
    add = parser.add_argument
    add_path_argument(parser)
    add("--device", choices=DEVICES, default=Settings.device, help="device to measure on (default CPU)")
    add("--repetitions", type=int, default=15, help="calls of each program at each shape (default 15)")
    add(
        "--calibrate",
        action="store_true",
        help="measure every engine that can run each module, and write the fastest that answers rightly into "
        "model.yaml with the evidence; the bundle's digest changes",
    )
    add(
        "--sample",
        type=Path,
        metavar="DIR",
        help="pictures that engines must read alike, beside the self-test's; with what they say in NAME.txt, "
        "bfloat16 is taken where it reads no worse",
    )
    add(
        "--learn-buckets",
        type=Path,
        metavar="DIR",
        help="plan the shapes anew from pictures (or bodies of requests) of your traffic; written with "
        "--write or --calibrate",
    )
    add("--max-buckets", type=int, default=12, help="shapes of one module at most (default 12)")
    add("--sample-limit", type=int, default=50, help="files of a sample that are used at most (default 50)")
    add("--write", action="store_true", help="write learned shapes into model.yaml")
    add_output_argument(parser)


def run(args: argparse.Namespace) -> int:
    """The exit code is 0 or the reason's."""

    def action(progress: Progress) -> Result:
        path = bundle_path(args.path)
        writes = args.calibrate or args.write
        if writes:
            _require_own_folder(path)
        with unpacked(path, task=args.task) as folder:
            bundle = open_bundle(folder)
            require_task(bundle, args.task)
            verify(bundle, progress.share)
            return _bench(bundle, args, progress, writes=writes)

    return finish("bench", args.output, action)


def _require_own_folder(path: Path) -> None:
    require_not_builtin(path)
    if not path.is_dir():
        raise BundleFault(
            BundleReason.BundleInvalid,
            f"{path} is no folder, so nothing is written into it: name one (an archive: unpack it).",
        )
    if is_bare(path):
        raise BundleFault(
            BundleReason.BundleInvalid,
            f"{path} has no model.yaml to write into: 'paddle-runtime bundle {path}' makes one.",
        )


def _bench(bundle: Bundle, args: argparse.Namespace, progress: Progress, *, writes: bool) -> Result:
    from paddle_runtime.bundle.engine import Device  # noqa: PLC0415
    from paddle_runtime.calibrate import learn, measure  # noqa: PLC0415  numpy and the pipelines

    told = Steps(progress)
    pictures = _sample(args, told) if args.sample else []
    buckets: dict[str, Any] = {}
    if args.learn_buckets is not None:
        most, limit = args.max_buckets, args.sample_limit
        buckets = learn.learned(bundle, args.learn_buckets, most, limit, told)
    if buckets and writes:
        _write(bundle, None, buckets)
        bundle = open_bundle(bundle.path)
    plan = measure.Plan(Device(args.device), args.repetitions, pictures)
    calibration = _calibrate(bundle, plan, told) if args.calibrate else None
    if calibration is not None:
        _write(bundle, calibration, {})
        bundle = open_bundle(bundle.path)
    document: dict[str, JsonValue] = {"digest": bundle.digest, **measure.report(bundle, plan, told)}
    if calibration is not None:
        document["calibration"] = calibration.model_dump(mode="json", by_alias=True, exclude_none=True)
    if buckets:
        document["learnedBuckets"] = {name: _plain(shapes) for name, shapes in buckets.items()}
    return Result(document, "\n".join(_lines(document)))


def _sample(args: argparse.Namespace, told: Steps) -> list[Path]:
    from paddle_runtime.calibrate.sample import checked_pictures, texts_alone  # noqa: PLC0415

    pictures = checked_pictures(args.sample, args.sample_limit, told)
    for text in texts_alone(args.sample):
        log.warning("%s has no picture of its name beside it, so nothing is compared with it", text)
    return pictures


def _calibrate(bundle: Bundle, plan: Plan, told: Steps) -> Calibration:
    from paddle_runtime.calibrate.choice import doubt  # noqa: PLC0415
    from paddle_runtime.calibrate.measure import calibrate  # noqa: PLC0415

    calibration = calibrate(bundle, plan, told)
    if (why := doubt(calibration)) is not None:
        log.warning("%s", why)
    return calibration


def _write(bundle: Bundle, calibration: Calibration | None, buckets: Mapping[str, Any]) -> None:
    from paddle_runtime.calibrate.choice import calibrated, with_buckets  # noqa: PLC0415

    document = yaml.safe_load((bundle.path / MANIFEST_NAME).read_bytes())
    document = with_buckets(document, {name: _plain(shapes) for name, shapes in buckets.items()})
    write_manifest(bundle.path, document if calibration is None else calibrated(document, calibration))


def _plain(shapes: Sequence[Mapping[str, Sequence[int]]]) -> list[Any]:
    """Bare shapes where there is one input."""
    written: list[Any] = [{name: list(shape) for name, shape in bucket.items()} for bucket in shapes]
    return [next(iter(bucket.values())) if len(bucket) == 1 else bucket for bucket in written]


class Steps:
    """A new line for each piece of work, a share within it: no share is ever less than the one before."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __call__(self, what: str, share: float) -> None:
        """What is done now, and the share of it that is done (0 to 1)."""
        if share == 0.0:
            self._progress.step(what)
        else:
            self._progress.share(what, share)


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    """For people."""
    phases = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in document["loadSeconds"].items())
    line = document["lineMedianMilliseconds"]
    yield rows(
        {
            "digest": document["digest"],
            "machine": document["machine"],
            "bundle": f"{document['bundleBytes'] / 1e6:.1f} MB",
            "cold start": f"{document['coldStartSeconds']:.2f} s ({phases})",
            "memory": f"{document['residentMib']:.0f} MiB, at most {document['peakMib']:.0f} MiB",
            "self-tests": f"{document['selfTests']} passed",
            **({} if line is None else {"48x320 line": f"{line:.1f} ms"}),
        }
    )
    for name, module in document["modules"].items():
        yield f"\nmodule {name} with {module['engine']}: milliseconds, median and 95th percentile"
        yield rows({f"  {_shape(each)}": _times(each) for each in module["buckets"]})
    calibration = document.get("calibration", {})
    if "pictures" in calibration:
        held = f"{calibration['pictures']} pictures, {calibration['characters']} characters"
        yield f"\nread with each engine: {held}"
    for name, measured in calibration.get("modules", {}).items():
        yield f"\nmodule {name}: what was tried"
        yield rows({f"  {_runner(each)}": _tried(each) for each in measured})
    for name, shapes in document.get("learnedBuckets", {}).items():
        yield f"\nmodule {name}: {len(shapes)} shapes planned: {shapes}"


def _shape(each: Mapping[str, Any]) -> str:
    return ", ".join("x".join(map(str, shape)) for shape in each["shapes"].values())


def _times(each: Mapping[str, Any]) -> str:
    return f"{each['medianMilliseconds']:8.2f} {each['p95Milliseconds']:8.2f}"


def _runner(each: Mapping[str, Any]) -> str:
    full = each["precision"] == "Float32"
    return f"{'*' if each['chosen'] else ' '} {each['engine']}{'' if full else ' ' + each['precision']}"


def _tried(each: Mapping[str, Any]) -> str:
    if "failed" in each:
        return f"cannot: {each['failed']}"
    spent = f"{each['medianMilliseconds']:.2f} ms, {each['residentMib']:.0f} MiB"
    spent += f", load {each['loadSeconds']:.2f} s"
    if "difference" not in each:
        return f"{spent}, slower than one that answers rightly"
    error = f", text error {each['textError']:.2g}" if "textError" in each else ""
    return f"{spent}, difference {each['difference']:.2g}{error}"
