"""Symbolic links in a bundle's folder: they may not lead out. Kubernetes' volumes link inside theirs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from paddle_runtime.bundle.sources import resolved_inside


def require_inside(folder: Path, names: Callable[[], Iterable[str]]) -> None:
    """BundleInvalid where a file leads out of the folder; the names are asked for where there are links."""
    if any(_links(folder)):
        for name in names():
            resolved_inside(folder, folder / name)


def _links(folder: Path) -> Iterable[Path]:
    for place, folders, files in os.walk(folder):
        yield from (path for name in (*folders, *files) if (path := Path(place, name)).is_symlink())
