"""`paddle-runtime fetch`: bring a bundle here, or only say its digest; the pod's status gets the reason."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

from paddle_runtime.bundle.fetch import DEFAULT_SIZE_LIMIT_BYTES, FetchOptions, fetch, resolve
from paddle_runtime.bundle.s3 import Addressing, S3Options
from paddle_runtime.bundle.termination import KUBELETS_FILE, write_termination
from paddle_runtime.cli.outcome import Result, add_output_argument, finish, rows
from paddle_runtime.cli.paths import add_task_argument
from paddle_runtime.cli.progress import Progress
from paddle_runtime.errors import BundleFault
from paddle_runtime.settings import env_name
from paddle_runtime.tasks import Task

ENDPOINT_ENV = "PADDLE_RUNTIME_S3_ENDPOINT"
REGION_ENV = "PADDLE_RUNTIME_S3_REGION"
ADDRESSING_ENV = "PADDLE_RUNTIME_S3_ADDRESSING"
CREDENTIALS_ENV = "PADDLE_RUNTIME_CREDENTIALS_DIR"
TASK_ENV = env_name("task")
TERMINATION_ENV = env_name("termination_log")
# For tests against a store on this machine; never set in a cluster.
LOOPBACK_ENV = "PADDLE_RUNTIME_ALLOW_LOOPBACK_STORE"
DIGEST = re.compile(r"^sha256:[0-9a-f]{64}$")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `paddle-runtime fetch`."""
    parser.add_argument(
        "--uri", required=True, help="s3://bucket/prefix, https://..., pvc://..., builtin:NAME"
    )
    add_task_argument(parser)
    parser.add_argument(
        "--digest", type=digest_argument, help="refuse a bundle of another digest (sha256:...)"
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--into", type=Path, help="folder that becomes the bundle")
    what.add_argument("--resolve", action="store_true", help="only say the digest, as termination message")
    parser.add_argument(
        "--timeout-seconds", type=positive_number, default=600.0, help="for all tries together (default 600)"
    )
    parser.add_argument("--size-limit-bytes", type=int, default=DEFAULT_SIZE_LIMIT_BYTES, help="of all files")
    add_output_argument(parser)


def run(args: argparse.Namespace) -> int:
    """The exit code is 0 or the reason's; a failure and a resolved digest are left for the pod's status."""

    def action(progress: Progress) -> Result:
        try:
            document = _fetch(args, progress)
        except BundleFault as fault:
            report({"reason": fault.reason.name, "message": f"{args.uri}: {fault}"})
            raise
        if args.resolve:
            report(document)
        return Result({**document, "uri": args.uri}, rows(document))

    return finish("fetch", args.output, action)


def _fetch(args: argparse.Namespace, progress: Progress) -> dict[str, JsonValue]:
    options = FetchOptions(
        digest=args.digest,
        task=args.task or named_task(os.environ),
        timeout_seconds=args.timeout_seconds,
        size_limit_bytes=args.size_limit_bytes,
        s3=s3_options(os.environ),
        allow_loopback=os.environ.get(LOOPBACK_ENV) == "1",
    )
    if args.resolve:
        found = resolve(args.uri, options)
        reason, manifest, digest = "Resolved", found.manifest, found.digest
    else:
        bundle = fetch(args.uri, options, args.into, progress.share)
        reason, manifest, digest = "Fetched", bundle.manifest, bundle.digest
    return {
        "reason": reason,
        "digest": digest,
        "name": manifest.name,
        "task": manifest.task.value,
        "format": manifest.model_format,
        "modules": list(manifest.modules),
        "sizeBytes": manifest.size_bytes,
    }


def named_task(env: Mapping[str, str]) -> str:
    """The task from the environment, empty for none; another word is a usage error."""
    task = env.get(TASK_ENV, "")
    if task not in {"", *Task}:
        raise SystemExit(f"{TASK_ENV} = {task!r} must be one of {', '.join(Task)}")
    return task


def s3_options(env: Mapping[str, str]) -> S3Options:
    """S3 settings from the environment; BundleFault-free: a wrong addressing style is a usage error."""
    addressing = env.get(ADDRESSING_ENV) or Addressing.PATH.value
    if addressing not in {style.value for style in Addressing}:
        raise SystemExit(f"{ADDRESSING_ENV} = {addressing!r} must be Path or VirtualHost")
    folder = env.get(CREDENTIALS_ENV)
    return S3Options(
        endpoint=env.get(ENDPOINT_ENV) or None,
        region=env.get(REGION_ENV) or "us-east-1",
        addressing=Addressing(addressing),
        credentials_dir=Path(folder) if folder else None,
    )


def report(payload: Mapping[str, JsonValue]) -> None:
    """Leave the outcome for whoever reads the pod's status."""
    write_termination(Path(os.environ.get(TERMINATION_ENV) or KUBELETS_FILE), payload)


def digest_argument(text: str) -> str:
    """A digest as given on the command line."""
    if not DIGEST.match(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not sha256: and 64 hexadecimal digits")
    return text


def positive_number(text: str) -> float:
    """A number of seconds above zero."""
    try:
        value = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from error
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} must be above 0")
    return value
