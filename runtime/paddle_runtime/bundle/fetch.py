"""THE FLOW of a fetch: locate -> read model.yaml -> check digest and size -> every file -> put in place.

An archive is the same in one stream (fetch_archive.py).

Half a bundle is never seen: files arrive in a folder of their own beside the place, and model.yaml, which
makes a folder a bundle, is moved last. A container that is killed goes on where it stopped.
"""

from __future__ import annotations

import logging
import math
import shutil
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path

from paddle_runtime.bundle.addresses import PARALLEL_CONNECTIONS, AddressPolicy, checked_pool
from paddle_runtime.bundle.bare.folder import is_bare, read_bare
from paddle_runtime.bundle.deadline import Deadline, retried
from paddle_runtime.bundle.disk import no_space, writing_to
from paddle_runtime.bundle.download import Download
from paddle_runtime.bundle.extract import Rules
from paddle_runtime.bundle.fetch_archive import Report, fetch_archive, resolve_archive
from paddle_runtime.bundle.http_source import HttpSource
from paddle_runtime.bundle.location import (
    PVC_MOUNT,
    ArchiveFile,
    BuiltinLocation,
    FolderLocation,
    HttpsLocation,
    parse_location,
)
from paddle_runtime.bundle.make import contents
from paddle_runtime.bundle.manifest import MANIFEST_MAX_BYTES, Manifest
from paddle_runtime.bundle.paths import MANIFEST_NAME
from paddle_runtime.bundle.s3 import S3Options, s3_source
from paddle_runtime.bundle.sources import FolderSource, Source, WithFiles, resolved_inside
from paddle_runtime.bundle.store import Bundle, Resolved, accept_manifest, builtin_path, open_bundle
from paddle_runtime.bundle.verify import require_form, verify
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.tasks import Task

INCOMING = ".incoming"
EXPORTED = (
    "The folder of an exported model gets its model.yaml from 'paddle-runtime bundle DIR'; upload it again."
)
DEFAULT_SIZE_LIMIT_BYTES = 64 * 1024**3
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FetchOptions:
    """digest: None takes any. task: what a bare folder is for, where its files do not tell it.

    timeout_seconds: for everything, tries included. allow_loopback: for tests.
    """

    digest: str | None = None
    task: str = ""
    timeout_seconds: float = 600.0
    size_limit_bytes: int = DEFAULT_SIZE_LIMIT_BYTES
    s3: S3Options = field(default_factory=S3Options)
    pvc_mount: Path = PVC_MOUNT
    allow_loopback: bool = False


def fetch(uri: str, options: FetchOptions, into: Path, report: Report = lambda what, share: None) -> Bundle:
    """Bring the bundle at `uri` to `into`, every byte checked."""
    if present := already_there(into, options.digest):
        log.info("%s holds %s already, every file checked", into, present.digest)
        return present
    deadline = Deadline.after(options.timeout_seconds)
    source, archive = open_source(uri, options)
    incoming, began = into / INCOMING, time.monotonic()
    if archive is None:
        found = fetch_folder(source, options, deadline, incoming, report)
    else:
        rules = Rules(options.digest, options.size_limit_bytes)
        log.info("fetching %s", uri)
        found = fetch_archive(source, archive, rules, incoming, deadline=deadline, report=report)
    size = found.manifest.size_bytes
    with writing_to(into, size):
        put_in_place(incoming, into, found)
    log.info("fetched and checked %.1f MB in %.1f s", size / 1e6, time.monotonic() - began)
    return Bundle(path=into, manifest=found.manifest, digest=found.digest)


def fetch_folder(
    source: Source, options: FetchOptions, deadline: Deadline, incoming: Path, report: Report
) -> Resolved:
    """model.yaml, then every file that it names, into `incoming`, going on where an earlier try stopped."""
    found = read_manifest(source, options, deadline)
    manifest = found.manifest
    log.info(
        "fetching %s %s, %d files, %.1f MB, from %s",
        manifest.name, manifest.version, len(manifest.files), manifest.size_bytes / 1e6, source.name(""),
    )  # fmt: skip
    with writing_to(incoming, manifest.size_bytes):
        incoming.mkdir(parents=True, exist_ok=True)
    require_room(incoming, manifest)
    download_all(source, manifest, incoming, deadline, Arrivals(manifest.size_bytes, report))
    return found


def download_all(
    source: Source, manifest: Manifest, incoming: Path, deadline: Deadline, arrivals: Arrivals
) -> None:
    """Some files at a time: a store answers each after its own while, and gives one connection only so much.

    The first fault is the answer; the others stop at their next bytes.
    """
    stopped = threading.Event()

    def sleep(seconds: float) -> None:
        stopped.wait(seconds)

    until = replace(deadline, clock=lambda: math.inf if stopped.is_set() else deadline.clock(), sleep=sleep)
    with ThreadPoolExecutor(PARALLEL_CONNECTIONS, thread_name_prefix="fetch") as workers:
        running = [
            workers.submit(Download(source, name, entry, incoming / name, until, arrivals.arrived).run)
            for name, entry in manifest.files.items()
        ]
        ended, others = wait(running, return_when=FIRST_EXCEPTION)
        stopped.set()
        for other in others:
            other.cancel()
    for future in running:
        if future in ended:
            future.result()


def resolve(uri: str, options: FetchOptions) -> Resolved:
    """What is at `uri`, by model.yaml alone: digest, name, task and size. A fetch looks at the files."""
    remedy = "it is one small file, so look at the store and at the network between it and this pod"
    deadline = Deadline.after(options.timeout_seconds, remedy)
    source, archive = open_source(uri, options)
    if archive is None:
        return read_manifest(source, options, deadline)
    rules = Rules(options.digest, options.size_limit_bytes)
    return resolve_archive(source, archive, rules, deadline)


def open_source(uri: str, options: FetchOptions) -> tuple[Source, ArchiveFile | None]:
    """A source for a URI, and the archive in it when the bundle is one."""
    location = parse_location(uri, options.pvc_mount)
    if isinstance(location, BuiltinLocation):
        return FolderSource(builtin_path(location.name)), None
    if isinstance(location, FolderLocation):
        return folder_source(location, options.task), location.archive
    if isinstance(location, HttpsLocation):
        policy = AddressPolicy(loopback=options.allow_loopback)
        remedy = "make it public to read."
        source = HttpSource(checked_pool(policy), location.base, follow=True, on_forbidden=remedy)
        return source, location.archive
    return s3_source(location, options.s3, allow_loopback=options.allow_loopback), location.archive


def folder_source(location: FolderLocation, task: str) -> Source:
    """A claim's folder; a bare one with the model.yaml that it would have."""
    source, folder = FolderSource(location.path), location.path
    if location.archive is not None or not is_bare(folder):
        return source
    for name in contents(folder).held:
        resolved_inside(folder, folder / name)
    return WithFiles(source, read_bare(folder, Task(task) if task else None).files)


def read_manifest(source: Source, options: FetchOptions, deadline: Deadline) -> Resolved:
    """model.yaml, of the digest asked for and within the size limit."""
    try:
        data = retried(lambda: _read_small(source, MANIFEST_NAME, deadline), deadline)
    except BundleFault as fault:
        if fault.reason is not BundleReason.ModelNotFound:
            raise
        raise BundleFault(fault.reason, f"{fault} {EXPORTED}") from fault
    return accept_manifest(data, source.name(MANIFEST_NAME), options.digest, options.size_limit_bytes)


def _read_small(source: Source, relative: str, deadline: Deadline) -> bytes:
    data = bytearray()
    with source.open(relative, 0, deadline) as opened:
        for chunk in opened.chunks:
            deadline.check(f"reading {source.name(relative)}")
            data += chunk
            if len(data) > MANIFEST_MAX_BYTES:
                break  # parse_manifest says that it is too large
    return bytes(data)


def already_there(into: Path, digest: str | None) -> Bundle | None:
    """The bundle that an earlier run put in place, when it is the one asked for and whole."""
    if digest is None:
        return None
    try:
        bundle = open_bundle(into, digest)
        verify(bundle)
    except BundleFault:
        return None
    return bundle


def require_room(incoming: Path, manifest: Manifest) -> None:
    """Say before the first byte that there is no room, not after gigabytes."""
    have = sum(path.stat().st_size for path in incoming.rglob("*") if path.is_file())
    missing = manifest.size_bytes - have
    if missing > shutil.disk_usage(incoming).free:
        raise no_space(incoming, missing)


def put_in_place(incoming: Path, into: Path, found: Resolved) -> None:
    """Move the files, model.yaml last. `into` may be a mount point, so it cannot itself be replaced."""
    for relative in found.manifest.files:
        require_form(incoming / relative, relative)
    (into / MANIFEST_NAME).unlink(missing_ok=True)
    for relative in found.manifest.files:
        place = into / relative
        place.parent.mkdir(parents=True, exist_ok=True)
        (incoming / relative).replace(place)
    manifest = incoming / MANIFEST_NAME
    manifest.write_bytes(found.data)
    manifest.replace(into / MANIFEST_NAME)
    shutil.rmtree(incoming)


class Arrivals:
    """Bytes while they arrive: how many of how many, at which rate."""

    def __init__(self, total_bytes: int, report: Report) -> None:
        self._total = total_bytes
        self._done = 0
        self._started = time.monotonic()
        self._report = report
        self._lock = threading.Lock()

    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def arrived(self, count: int) -> None:
        """Some bytes came, to whichever of the downloads."""
        with self._lock:
            self._done += count
            rate = self._done / 1e6 / max(1e-3, self.seconds())
            shown = f"{self._done / 1e6:.1f} of {self._total / 1e6:.1f} MB, {rate:.1f} MB/s"
            self._report(shown, self._done / max(1, self._total))
