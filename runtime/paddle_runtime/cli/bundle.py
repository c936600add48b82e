"""`paddle-runtime bundle DIR`: bring the hashes and sizes in model.yaml up to date, and pack an archive."""

from __future__ import annotations

import argparse
from pathlib import Path

from pydantic import JsonValue

from paddle_runtime.bundle.archive.kinds import kind_to_write
from paddle_runtime.bundle.archive.write import write_archive
from paddle_runtime.bundle.make import write_manifest
from paddle_runtime.bundle.manifest import digest_of
from paddle_runtime.bundle.store import open_bundle, read_manifest_bytes
from paddle_runtime.cli.outcome import Result, add_output_argument, finish, rows
from paddle_runtime.cli.progress import Progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `paddle-runtime bundle`."""
    parser.add_argument(
        "path", metavar="DIR", type=Path, help="folder with model.yaml; its `files` are written anew"
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
        manifest = write_manifest(args.path)
        digest = digest_of(read_manifest_bytes(args.path))
        document: dict[str, JsonValue] = {
            "path": str(args.path),
            "digest": digest,
            "files": len(manifest.files),
            "sizeBytes": manifest.size_bytes,
        }
        if args.archive is not None:
            progress.step(f"packing {args.archive}")
            size = write_archive(open_bundle(args.path, digest), kind_to_write(args.archive), args.archive)
            document |= {"archive": str(args.archive), "archiveBytes": size}
        return Result(document, rows(document))

    return finish("bundle", args.output, action)
