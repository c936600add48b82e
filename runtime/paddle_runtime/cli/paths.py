"""The arguments of the commands that look at a bundle."""

from __future__ import annotations

import argparse

from paddle_runtime.tasks import Task


def add_path_argument(parser: argparse.ArgumentParser) -> None:
    """The bundle that is looked at."""
    parser.add_argument(
        "path",
        metavar="BUNDLE",
        help="a bundle's folder or archive (.tar, .tar.gz, .tgz, .zip), the folder of an exported model, or "
        "builtin:NAME",
    )
    add_task_argument(parser)


def add_task_argument(parser: argparse.ArgumentParser) -> None:
    """What a folder without model.yaml is for."""
    parser.add_argument(
        "--task",
        metavar="TASK",
        choices=tuple(Task),
        default="",
        help=f"what an exported model is for, where its files do not tell it: {', '.join(Task)}",
    )
