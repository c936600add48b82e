"""Write, or check with --check, every file that is made from another one."""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Generator:
    """A program that takes --write and --check, and what it makes."""

    makes: str
    command: tuple[str, ...]
    needs_helm: bool = False


GENERATORS = (
    Generator("crds/ and the CRD chart's template", (sys.executable, "-m", "paddle_operator.spec.schema")),
    Generator("the plans beside the examples", (sys.executable, "-m", "paddle_operator.cli.examples")),
    Generator("docs/reference/ from the code", (sys.executable, "-m", "paddle_operator.cli.reference")),
    Generator("the list of modules in docs/architecture.md", (sys.executable, "-m", "hack.module_map")),
    Generator("deploy/ from the charts", (sys.executable, "-m", "hack.install_files"), needs_helm=True),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the generators; with --check nothing is written and a difference is a failure."""
    parser = argparse.ArgumentParser(prog="hack.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail where a file differs, write nothing")
    parser.add_argument(
        "--rendered", action="store_true", help="only what helm renders (with --check, the rest is left out)"
    )
    asked = parser.parse_args(argv)
    mode = "--check" if asked.check else "--write"
    status = 0
    for generator in GENERATORS:
        if asked.check and generator.needs_helm != asked.rendered:
            continue
        if subprocess.run([*generator.command, mode], cwd=ROOT, check=False).returncode != 0:
            remedy = "run 'make generate' and commit the result" if asked.check else "see its message above"
            print(f"generate: {generator.makes}: {mode} failed: {remedy}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
