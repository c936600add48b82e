"""The one argument of the commands that look at a bundle."""

from __future__ import annotations

import argparse


def add_path_argument(parser: argparse.ArgumentParser) -> None:
    """The bundle that is looked at."""
    parser.add_argument(
        "path",
        metavar="BUNDLE",
        help="a bundle's folder or archive (.tar, .tar.gz, .tgz, .zip), or builtin:NAME",
    )
