"""docs/reference/kubectl-commands.md: the commands of kubectl-paddle_sla, from their parsers."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from hack.generated import ROOT
from paddle_operator.cli import kubectl

PAGE = ROOT / "docs" / "reference" / "kubectl-commands.md"
WIDTH = 110
HEAD = """\
<!-- Made by `make generate`; do not edit. -->

# Commands of the plugin

With `kubectl-paddle_sla` on PATH, `kubectl paddle_sla` works. It uses the kubeconfig and the rights of
whoever runs it. How to step into a rollout, and which rights that needs:
[a rollout by hand](../how-to/rollouts-by-hand.md).

"""


def files() -> dict[Path, str]:
    """Return the page's text."""
    return {PAGE: HEAD + "\n".join(lines()) + "\n"}


def lines() -> Iterator[str]:
    """Yield the program's own help, with its exit codes, and that of each command."""
    program, commands = kubectl.parsers()
    yield f"```text\n{help_of(program)}```"
    for name, command in commands.items():
        yield f"\n## {name}\n```text\n{help_of(command)}```"


def help_of(parser: argparse.ArgumentParser) -> str:
    """Return what --help prints, in a width that depends on no terminal."""
    parser.formatter_class = partial(argparse.RawDescriptionHelpFormatter, width=WIDTH)
    return parser.format_help()
