"""The commands of main.py that handle bundles: fetch, bundle, verify, inspect."""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import JsonValue

from paddle_runtime.bundle.fetch import DEFAULT_SIZE_LIMIT_BYTES, FetchOptions, fetch, resolve
from paddle_runtime.bundle.make import write_manifest
from paddle_runtime.bundle.manifest import digest_of
from paddle_runtime.bundle.s3 import Addressing, S3Options
from paddle_runtime.bundle.store import builtin_path, open_bundle, read_manifest_bytes
from paddle_runtime.bundle.termination import KUBELETS_FILE, write_termination
from paddle_runtime.bundle.verify import verify
from paddle_runtime.errors import BundleFault
from paddle_runtime.settings import env_name

ENDPOINT_ENV = "PADDLE_RUNTIME_S3_ENDPOINT"
REGION_ENV = "PADDLE_RUNTIME_S3_REGION"
ADDRESSING_ENV = "PADDLE_RUNTIME_S3_ADDRESSING"
CREDENTIALS_ENV = "PADDLE_RUNTIME_CREDENTIALS_DIR"
TERMINATION_ENV = env_name("termination_log")
# For tests against a store on this machine; never set in a cluster.
LOOPBACK_ENV = "PADDLE_RUNTIME_ALLOW_LOOPBACK_STORE"
DIGEST = re.compile(r"^sha256:[0-9a-f]{64}$")
log = logging.getLogger(__name__)


def add_fetch_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `paddle-runtime fetch`."""
    parser.add_argument(
        "--uri", required=True, help="s3://bucket/prefix, https://..., pvc://..., builtin:NAME"
    )
    parser.add_argument(
        "--digest", type=digest_argument, help="refuse a bundle of another digest (sha256:...)"
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--into", type=Path, help="folder that becomes the bundle")
    what.add_argument("--resolve", action="store_true", help="only say the digest, as termination message")
    parser.add_argument(
        "--timeout-seconds", type=positive_number, default=600.0, help="for all tries together"
    )
    parser.add_argument("--size-limit-bytes", type=int, default=DEFAULT_SIZE_LIMIT_BYTES, help="of all files")


def run_fetch(args: argparse.Namespace) -> int:
    """`paddle-runtime fetch`; the exit code is 0 or the reason's."""
    configure_log()
    payload, code = _outcome(lambda: _fetch(args))
    if code != 0:
        payload = {**payload, "message": f"{args.uri}: {payload['message']}"}
    if code != 0 or args.resolve:
        report(payload)
    return code


def _fetch(args: argparse.Namespace) -> dict[str, JsonValue]:
    options = FetchOptions(
        digest=args.digest,
        timeout_seconds=args.timeout_seconds,
        size_limit_bytes=args.size_limit_bytes,
        s3=s3_options(os.environ),
        allow_loopback=os.environ.get(LOOPBACK_ENV) == "1",
    )
    if not args.resolve:
        bundle = fetch(args.uri, options, args.into)
        return {"reason": "Fetched", "digest": bundle.digest}
    found = resolve(args.uri, options)
    return {
        "reason": "Resolved",
        "digest": found.digest,
        "name": found.manifest.name,
        "task": found.manifest.task.value,
        "sizeBytes": found.manifest.size_bytes,
    }


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


def _outcome(action: Callable[[], dict[str, JsonValue]]) -> tuple[dict[str, JsonValue], int]:
    try:
        payload = action()
    except BundleFault as fault:
        log.error("%s: %s", fault.reason.name, fault)
        return {"reason": fault.reason.name, "message": str(fault)}, fault.reason.value
    log.info("%s", " ".join(f"{key}={value}" for key, value in payload.items()))
    return payload, 0


def add_bundle_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `paddle-runtime bundle DIR`."""
    parser.add_argument("path", type=Path, help="folder with model.yaml; its `files` are written anew")


def run_bundle(args: argparse.Namespace) -> int:
    """`paddle-runtime bundle DIR`: bring the files' hashes and sizes in model.yaml up to date."""
    configure_log()

    def action() -> dict[str, JsonValue]:
        manifest = write_manifest(args.path)
        digest = digest_of(read_manifest_bytes(args.path))
        return {"bundle": str(args.path), "digest": digest, "files": len(manifest.files)}

    return _outcome(action)[1]


def add_path_argument(parser: argparse.ArgumentParser) -> None:
    """The one argument of verify and inspect: a path or builtin:NAME."""
    parser.add_argument("path", help="a bundle's folder, or builtin:NAME")


def run_verify(args: argparse.Namespace) -> int:
    """`paddle-runtime verify PATH|builtin:NAME`."""
    configure_log()

    def action() -> dict[str, JsonValue]:
        bundle = open_bundle(bundle_path(args.path))
        return {"verified": str(bundle.path), "digest": bundle.digest, "bytes": verify(bundle)}

    return _outcome(action)[1]


def run_inspect(args: argparse.Namespace) -> int:
    """`paddle-runtime inspect PATH|builtin:NAME`."""
    configure_log()

    def action() -> dict[str, JsonValue]:
        bundle = open_bundle(bundle_path(args.path))
        manifest = bundle.manifest
        for name, module in manifest.modules.items():
            log.info(
                "module %s: %s, %s, %d buckets", name, module.program, module.engine, len(module.buckets)
            )
            for spec in (*module.inputs, *module.outputs):
                log.info("  %s %s %s", spec.name, spec.datatype, list(spec.shape))
        return {
            "name": manifest.name,
            "version": manifest.version,
            "task": manifest.task.value,
            "paddle": manifest.paddle_version,
            "bytes": manifest.size_bytes,
            "digest": bundle.digest,
        }

    return _outcome(action)[1]


def bundle_path(text: str) -> Path:
    """A path, or where builtin:NAME lies."""
    return builtin_path(text.removeprefix("builtin:")) if text.startswith("builtin:") else Path(text)


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


def configure_log() -> None:
    """Plain lines on standard error, unless somebody chose otherwise before."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
