"""The one argument of the commands that look at a bundle: its folder, or builtin:NAME."""

from __future__ import annotations

import argparse
from pathlib import Path

from paddle_runtime.bundle.store import builtin_path


def add_path_argument(parser: argparse.ArgumentParser) -> None:
    """The bundle that is looked at."""
    parser.add_argument("path", metavar="BUNDLE", help="a bundle's folder, or builtin:NAME")


def bundle_path(text: str) -> Path:
    """A path, or where builtin:NAME lies."""
    return builtin_path(text.removeprefix("builtin:")) if text.startswith("builtin:") else Path(text)
