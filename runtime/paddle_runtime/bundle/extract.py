"""THE FLOW of an archive: its entries as their bytes come -> named safely -> into a scratch folder, hashed.

Nobody is trusted: an entry is a plain file that model.yaml names, of its size and its hash, or the whole
archive is refused. The folder is this process's own, is emptied on a refusal, and never sees a link; whoever
calls puts a whole bundle in its place afterwards.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from paddle_runtime.bundle.archive.kinds import REMEDY, ArchiveKind
from paddle_runtime.bundle.archive.reader import BadArchive, ByteReader, Entry, at_most, gunzip
from paddle_runtime.bundle.archive.tar import tar_entries
from paddle_runtime.bundle.archive.zip import zip_entries
from paddle_runtime.bundle.disk import writing_to
from paddle_runtime.bundle.manifest import MANIFEST_MAX_BYTES, MAX_FILES, FileEntry
from paddle_runtime.bundle.paths import MANIFEST_NAME, Names, unsafe_path
from paddle_runtime.bundle.store import Resolved, accept_manifest
from paddle_runtime.bundle.verify import require_same
from paddle_runtime.errors import BundleFault, BundleReason

MAX_ENTRIES = 4 * MAX_FILES  # folders included
OVERHEAD_BYTES = 16 * 1024 * 1024  # headers and padding, and what packing adds to what cannot be packed
Arrived = Callable[[int], None]


@dataclass(frozen=True)
class Rules:
    """What to take. digest: None takes any. size_limit_bytes: of all files, unpacked."""

    digest: str | None
    size_limit_bytes: int


@dataclass(frozen=True)
class Archive:
    """Where one's bytes come from; `name` is for messages."""

    name: str
    kind: ArchiveKind
    chunks: Iterable[bytes]


def read_archive_manifest(archive: Archive, rules: Rules) -> Resolved:
    """model.yaml alone, reading no further than it: it is the first entry of archives made here."""
    with _told(archive.name):
        names = Names()
        for count, entry in enumerate(_entries(archive, rules)):
            _admit(entry, count, names)
            if entry.name == MANIFEST_NAME:
                return _manifest(entry, rules, archive.name)
            _drain(entry, rules.size_limit_bytes)
        raise BadArchive(f"holds no {MANIFEST_NAME} at its top")


def extract(
    archive: Archive, rules: Rules, folder: Path | None, arrived: Arrived = lambda count: None
) -> Resolved:
    """Unpack into a new folder (None: only check); on any refusal the folder is gone again."""
    try:
        with _told(archive.name):
            if folder is not None:
                with writing_to(folder, 0):
                    folder.mkdir(parents=True)
            found = _Extraction(rules, archive.name, folder, arrived).run(_entries(archive, rules))
            if folder is not None:
                with writing_to(folder, len(found.data)):
                    (folder / MANIFEST_NAME).write_bytes(found.data)  # last: now the folder is a bundle
            return found
    except BaseException:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        raise


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except BadArchive as error:
        raise BundleFault(BundleReason.BundleInvalid, f"{name} {error}: {REMEDY}.") from error


def _entries(archive: Archive, rules: Rules) -> Iterator[Entry]:
    """Entries with names in one form; './' in front, as tar writes for '-C DIR .', is dropped."""
    cap = rules.size_limit_bytes + OVERHEAD_BYTES
    raw = at_most(archive.chunks, cap)
    if archive.kind is ArchiveKind.ZIP:
        entries = zip_entries(ByteReader(raw))
    else:
        packed = archive.kind in {ArchiveKind.TAR_GZ, ArchiveKind.TGZ}
        entries = tar_entries(ByteReader(at_most(gunzip(raw), cap) if packed else raw))
    for entry in entries:
        name = entry.name.removeprefix("./")
        if entry.folder:
            name = name.removesuffix("/")
            _drain(entry, 0)
            if name in {"", "."}:
                continue
        yield Entry(name, entry.size, entry.folder, entry.chunks)


def _admit(entry: Entry, count: int, names: Names) -> None:
    """Refuse a name that is unsafe, unknown to bundles, or taken."""
    if count >= MAX_ENTRIES:
        raise BadArchive(f"has more than {MAX_ENTRIES} entries")
    # A folder's name is held against the rules with a file in it.
    probe = f"{entry.name}/a.txt" if entry.folder else entry.name
    problem = None if probe == MANIFEST_NAME else unsafe_path(probe)
    problem = problem or (names.add_folder(entry.name) if entry.folder else names.add_file(entry.name))
    if problem:
        raise BadArchive(f"entry {entry.name[:300]!r}: {problem}")


def _manifest(entry: Entry, rules: Rules, name: str) -> Resolved:
    data = bytearray()
    for chunk in entry.chunks:
        data += chunk
        if len(data) > MANIFEST_MAX_BYTES:
            raise BadArchive(f"has a {MANIFEST_NAME} of more than {MANIFEST_MAX_BYTES} bytes")
    return accept_manifest(bytes(data), f"{name}'s {MANIFEST_NAME}", rules.digest, rules.size_limit_bytes)


def _drain(entry: Entry, cap: int) -> None:
    size = 0
    for chunk in entry.chunks:
        size += len(chunk)
        if size > cap:
            raise BadArchive(f"entry {entry.name[:300]!r} has more than {cap} bytes")


class _Extraction:
    """One archive being unpacked. Files that come before model.yaml are held against it when it comes."""

    def __init__(self, rules: Rules, name: str, folder: Path | None, arrived: Arrived) -> None:
        self._rules = rules
        self._name = name
        self._folder = folder
        self._arrived = arrived
        self._found: Resolved | None = None
        self._written: dict[str, tuple[int, str]] = {}
        self._left = rules.size_limit_bytes

    def run(self, entries: Iterator[Entry]) -> Resolved:
        names = Names()
        for count, entry in enumerate(entries):
            _admit(entry, count, names)
            if entry.name == MANIFEST_NAME:
                self._found = _manifest(entry, self._rules, self._name)
                for earlier in self._written:
                    self._check(earlier)
            elif not entry.folder:
                self._take(entry)
        if self._found is None:
            raise BadArchive(f"holds no {MANIFEST_NAME} at its top")
        if missing := sorted(set(self._found.manifest.files) - set(self._written)):
            raise BadArchive(f"lacks {missing[0]!r}, which {MANIFEST_NAME} names ({len(missing)} in all)")
        return self._found

    def _take(self, entry: Entry) -> None:
        """Write and hash one file; no byte more than is expected of it."""
        wanted = None if self._found is None else self._wanted(entry.name)
        most = self._left if wanted is None else wanted.size
        if entry.size is not None and entry.size > most:
            raise BadArchive(f"entry {entry.name!r} has {entry.size} bytes, {most} are the most")
        digest, size = hashlib.sha256(), 0
        with self._writer(entry.name, most) as write:
            for chunk in entry.chunks:
                size += len(chunk)
                if size > most:
                    raise BadArchive(f"entry {entry.name!r} has more than {most} bytes")
                digest.update(chunk)
                write(chunk)
                self._arrived(len(chunk))
        self._left -= size
        self._written[entry.name] = (size, digest.hexdigest())
        if self._found is not None:
            self._check(entry.name)

    @contextmanager
    def _writer(self, name: str, needed: int) -> Iterator[Callable[[bytes], None]]:
        if self._folder is None:
            yield lambda chunk: None
            return
        place = self._folder / name
        with writing_to(place, needed):
            place.parent.mkdir(parents=True, exist_ok=True)
            file = place.open("xb")

        def write(chunk: bytes) -> None:
            with writing_to(place, needed):
                file.write(chunk)

        with file:
            yield write
            with writing_to(place, needed):
                file.flush()

    def _wanted(self, name: str) -> FileEntry:
        assert self._found is not None
        entry = self._found.manifest.files.get(name)
        if entry is None:
            raise BadArchive(f"entry {name!r} is not named in {MANIFEST_NAME}")
        return entry

    def _check(self, name: str) -> None:
        require_same(f"{self._name}: {name}", self._wanted(name), *self._written[name])
