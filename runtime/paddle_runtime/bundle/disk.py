"""Failures of the disk that a bundle is written to, told apart from those of where it comes from."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paddle_runtime.errors import BundleFault, BundleReason


@contextmanager
def writing_to(place: Path, needed: int) -> Iterator[None]:
    """Failures of the disk are NoSpace, told apart from those of the store."""
    try:
        yield
    except OSError as error:
        raise no_space(place, needed, error) from error


def no_space(place: Path, needed: int, error: OSError | None = None) -> BundleFault:
    """The disk is full, or cannot be written in another way that only its owner can mend."""
    if error is not None and error.errno not in {errno.ENOSPC, errno.EDQUOT}:
        what = f"{place} cannot be written ({error.strerror})"
    else:
        nearest = next(parent for parent in (place, *place.parents) if parent.exists())
        what = f"{place} needs {needed} bytes, {shutil.disk_usage(nearest).free} are free"
    return BundleFault(
        BundleReason.NoSpace,
        f"{what}: raise the pod's memory limit for a bundle preloaded to memory, or its ephemeral storage.",
    )
