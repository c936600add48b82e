"""`paddle-runtime bundle DIR`: write model.yaml or bring it up to date, and pack an archive."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from pydantic import JsonValue

from paddle_runtime.bundle.archive.kinds import kind_to_write
from paddle_runtime.bundle.archive.write import write_archive
from paddle_runtime.bundle.bare.folder import is_bare, write_bare
from paddle_runtime.bundle.join import join
from paddle_runtime.bundle.links import require_inside
from paddle_runtime.bundle.make import contents, write_manifest
from paddle_runtime.bundle.paths import MANIFEST_NAME
from paddle_runtime.bundle.store import open_bundle, require_not_builtin, require_task
from paddle_runtime.bundle.unpacked import bundle_path, modules_of, unpacked
from paddle_runtime.cli.outcome import Result, add_output_argument, finish, rows
from paddle_runtime.cli.paths import add_task_argument
from paddle_runtime.cli.progress import Progress
from paddle_runtime.settings import SettingsFault
from paddle_runtime.tasks import Task

SHOWN_FILES = 5
NO_SELF_TEST = "none: write known inputs with their outputs under selfTest in model.yaml, then run this again"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `paddle-runtime bundle`."""
    parser.add_argument(
        "path",
        metavar="DIR",
        help="folder with model.yaml, whose `files` are written anew, or of an exported model, to get one",
    )
    add_task_argument(parser)
    parser.add_argument(
        "--model",
        metavar="BUNDLE",
        help="make DIR anew, of this bundle or exported model with the modules of others in it",
    )
    parser.add_argument(
        "--modules",
        metavar="NAME=BUNDLE,...",
        default="",
        help="with --model: modules of other bundles or exported models, as of `serve`",
    )
    parser.add_argument(
        "--archive",
        metavar="FILE",
        type=Path,
        help="also pack the bundle into FILE (.tar, .tar.gz, .tgz or .zip); equal folders give equal bytes",
    )
    add_output_argument(parser)


def run(args: argparse.Namespace) -> int:
    """The exit code is 0 or the reason's."""

    def action(progress: Progress) -> Result:
        told: dict[str, JsonValue] = {}
        folder = bundle_path(args.path)
        require_not_builtin(folder)
        require_inside(folder, lambda: [MANIFEST_NAME, *contents(folder).held])
        if args.model is not None:
            _join(args, folder)
        elif args.modules:
            raise SettingsFault(f"--modules={args.modules} wants --model, the bundle that they come into")
        elif is_bare(folder):
            bare = write_bare(folder, Task(args.task) if args.task else None)
            told = {"readFrom": bare.configuration or "the program alone"}
        else:
            write_manifest(folder)
        bundle = open_bundle(folder)
        require_task(bundle, args.task)
        document: dict[str, JsonValue] = {
            "path": str(folder),
            **told,
            "task": bundle.manifest.task.value,
            "digest": bundle.digest,
            "files": len(bundle.manifest.files),
            "sizeBytes": bundle.manifest.size_bytes,
            "leftOut": list(contents(folder).left_out),
            "selfTests": len(bundle.manifest.self_test),
        }
        if args.archive is not None:
            progress.step(f"packing {args.archive}")
            size = write_archive(bundle, kind_to_write(args.archive), args.archive)
            document |= {"archive": str(args.archive), "archiveBytes": size}
        return Result(document, rows(_shown(document)))

    return finish("bundle", args.output, action)


def _join(args: argparse.Namespace, folder: Path) -> None:
    """Make the folder out of a bundle and modules of others."""
    with ExitStack() as stack:
        base = open_bundle(stack.enter_context(unpacked(bundle_path(args.model), task=args.task)))
        parts = {
            name: open_bundle(stack.enter_context(unpacked(place)))
            for name, place in modules_of(args.modules).items()
        }
        join(base, parts, folder)


def _shown(document: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """For people."""
    left_out = document["leftOut"]
    assert isinstance(left_out, list)
    return {
        **document,
        "leftOut": f"{len(left_out)}: {', '.join(map(str, left_out[:SHOWN_FILES]))}"
        if left_out
        else "nothing",
        "selfTests": document["selfTests"] or NO_SELF_TEST,
    }
