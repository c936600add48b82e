"""Reading a bundle's files from where they are: what every place has in common, and folders."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from paddle_runtime.bundle.deadline import Deadline
from paddle_runtime.errors import BundleFault, BundleReason

CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Opened:
    """A file being read. offset: where the chunks start (0 when a range was not granted). size: of the whole
    file in bytes, None when the server does not say."""

    offset: int
    size: int | None
    chunks: Iterator[bytes]


class Source(Protocol):
    """One bundle's folder, somewhere."""

    def open(self, relative: str, offset: int, deadline: Deadline) -> AbstractContextManager[Opened]:
        """Read a file from an offset in bytes; a fault is ModelNotFound when it is not there."""
        ...

    def name(self, relative: str) -> str:
        """How to call a file in a message."""
        ...


class FolderSource:
    """A mounted claim or a bundle of the image."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def name(self, relative: str) -> str:
        """The path."""
        return str(self._root / relative)

    @contextmanager
    def open(self, relative: str, offset: int, deadline: Deadline) -> Iterator[Opened]:
        """Open the file; symbolic links may not lead out of the folder."""
        deadline.check(f"reading {relative}")
        path = self._root / relative
        try:
            with _open_plain(resolved_inside(self._root, path)) as file:
                size = file.seek(0, 2)
                file.seek(offset)
                yield Opened(offset, size, iter(lambda: file.read(CHUNK_BYTES), b""))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise BundleFault(
                BundleReason.ModelNotFound, f"{path} is not there: copy the bundle's folder to it."
            ) from error
        except PermissionError as error:
            raise BundleFault(
                BundleReason.ModelForbidden,
                f"{path} cannot be read by this container's user: make it readable for gid 65532 or for all.",
            ) from error
        except OSError as error:
            raise BundleFault(BundleReason.StoreUnreachable, f"{path} cannot be read: {error}.") from error


def resolved_inside(root: Path, path: Path) -> Path:
    """Where a path of a folder leads, which must be inside it."""
    resolved = path.resolve()
    if not resolved.is_relative_to(root.resolve()):
        raise BundleFault(
            BundleReason.BundleInvalid, f"{path} is a link out of the bundle: put the file itself there."
        )
    return resolved


class WithFiles:
    """A source, and files in memory that count as if they were in its folder."""

    def __init__(self, source: Source, files: Mapping[str, bytes]) -> None:
        self._source = source
        self._files = files

    def name(self, relative: str) -> str:
        """As the source calls it."""
        return self._source.name(relative)

    @contextmanager
    def open(self, relative: str, offset: int, deadline: Deadline) -> Iterator[Opened]:
        """From memory, else from the source."""
        data = self._files.get(relative)
        if data is None:
            with self._source.open(relative, offset, deadline) as opened:
                yield opened
        else:
            yield Opened(offset, len(data), iter([data[offset:]]))


def _open_plain(path: Path) -> BinaryIO:
    """A FIFO would be waited for until the end of days."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise BundleFault(BundleReason.BundleInvalid, f"{path} is no plain file: put the file itself there.")
    return os.fdopen(descriptor, "rb")


def cut_short(name: str, have: int, size: int) -> BundleFault:
    """A body that ended before its size; worth another try."""
    return BundleFault(
        BundleReason.StoreUnreachable,
        f"{name} ended at byte {have} of {size}: look at the store and at the network.",
    )
