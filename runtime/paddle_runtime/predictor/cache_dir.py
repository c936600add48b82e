"""Where an engine may write what it compiles: beside the model the file system is read-only."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
from functools import cache
from itertools import count
from pathlib import Path


@cache
def private_cache_dir() -> Path:
    """A folder for compiled programs that nobody else writes to, empty now and after this process.

    The first of the numbered ones that no living process has locked: what a killed process left is dropped
    by the next, so there are never more than there were processes at one time.
    """
    for number in count():
        folder = Path(tempfile.gettempdir()) / f"paddle-runtime-{os.getuid()}-{number}"
        folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            if os.fstat(descriptor).st_uid != os.getuid():
                raise PermissionError(f"{folder} belongs to another user")
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held until this process is gone
        except BlockingIOError:
            os.close(descriptor)
            continue
        empty(folder)
        atexit.register(empty, folder)
        return folder
    raise AssertionError("unreachable: numbers do not end")


def empty(folder: Path) -> None:
    """Remove what is in a folder, not the folder."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
