"""One file of a bundle onto the disk: resumed where it stopped, hashed as it arrives."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from paddle_runtime.bundle.deadline import Deadline, retried
from paddle_runtime.bundle.disk import writing_to
from paddle_runtime.bundle.manifest import FileEntry
from paddle_runtime.bundle.sources import Source
from paddle_runtime.bundle.verify import differs, require_same
from paddle_runtime.errors import BundleFault, BundleReason

READ_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Download:
    """One file to bring to `place`; arrived(count) hears of every chunk."""

    source: Source
    relative: str
    entry: FileEntry
    place: Path
    deadline: Deadline
    arrived: Callable[[int], None]

    def run(self) -> None:
        """Use what an earlier try left when the result is right, else drop it and start anew, once."""
        with writing_to(self.place, self.entry.size):
            self.place.parent.mkdir(parents=True, exist_ok=True)
            resumed = self.place.exists()
        try:
            retried(self._go_on, self.deadline)
        except BundleFault as fault:
            if not resumed or fault.reason is not BundleReason.BundleInvalid:
                raise
            self.place.unlink(missing_ok=True)
            retried(self._go_on, self.deadline)

    def _go_on(self) -> None:
        """Append what is missing; a fault of the network leaves the bytes so far for the next try."""
        with writing_to(self.place, self.entry.size):
            file = self.place.open("r+b" if self.place.exists() else "w+b")
        with file:
            digest, have = hash_all(file)
            if have < self.entry.size or self.entry.size == 0:
                digest, have = self._append(file, digest, have)
        require_same(self.relative, self.entry, have, digest.hexdigest())

    def _append(self, file: BinaryIO, digest: hashlib._Hash, have: int) -> tuple[hashlib._Hash, int]:
        with self._opened(have) as (offset, chunks):
            if offset != have:
                digest, have = hashlib.sha256(), 0
                with writing_to(self.place, self.entry.size):
                    file.truncate(0)
                    file.seek(0)
            for chunk in chunks:
                self.deadline.check(f"fetching {self.source.name(self.relative)} ({have} bytes so far)")
                have += len(chunk)
                if have > self.entry.size:
                    raise differs(self.relative, f"has more than the {self.entry.size} bytes of model.yaml")
                digest.update(chunk)
                with writing_to(self.place, self.entry.size):
                    file.write(chunk)
                self.arrived(len(chunk))
            with writing_to(self.place, self.entry.size):
                file.flush()
        return digest, have

    @contextmanager
    def _opened(self, have: int) -> Iterator[tuple[int, Iterator[bytes]]]:
        with (
            missing_is_invalid(self.relative),
            self.source.open(self.relative, have, self.deadline) as opened,
        ):
            if opened.size is not None and opened.size != self.entry.size:
                raise differs(
                    self.relative, f"has {opened.size} bytes in the store, model.yaml says {self.entry.size}"
                )
            if opened.offset not in {0, have}:
                raise differs(self.relative, f"was sent from byte {opened.offset}, asked for was {have}")
            yield opened.offset, opened.chunks


@contextmanager
def missing_is_invalid(relative: str) -> Iterator[None]:
    """A file that model.yaml names and the store lacks: the upload is incomplete, the bundle is invalid."""
    try:
        yield
    except BundleFault as fault:
        if fault.reason is BundleReason.ModelNotFound:
            raise differs(relative, f"is named in model.yaml and missing in the store ({fault})") from fault
        raise


def hash_all(file: BinaryIO) -> tuple[hashlib._Hash, int]:
    """Hash and size of an open file from its start; leaves it at its end."""
    digest, size = hashlib.sha256(), 0
    file.seek(0)
    while chunk := file.read(READ_BYTES):
        digest.update(chunk)
        size += len(chunk)
    return digest, size
