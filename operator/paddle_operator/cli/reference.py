"""Pages of docs/reference that are made from the code: the settings, and every reason of a condition."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from paddle_operator import settings
from paddle_operator.status import reasons

FOLDER = Path("docs/reference")
MADE = "<!-- Made by `python -m paddle_operator.cli.reference --write`; do not edit. -->\n"


def pages() -> dict[str, str]:
    """The text of each page by its file's name."""
    return {
        "operator-settings.md": (
            f"{MADE}\n# Settings of the operator\n\nRead once, at the start, from the environment.\n\n"
            f"{settings.reference()}"
        ),
        "reasons.md": (
            f"{MADE}\n# Reasons of conditions and Events\n\nA condition's `reason` is part of the API and"
            " never renamed. One that waits for a person also makes the condition Stalled True; the operator"
            f" goes on trying all the same.\n\n{reasons.reference()}"
        ),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pages, or with --check say which one differs."""
    parser = argparse.ArgumentParser(prog="paddle_operator.cli.reference", description=__doc__)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true")
    mode.add_argument("--check", action="store_true")
    chosen = parser.parse_args(arguments)
    stale = 0
    for name, text in pages().items():
        file = FOLDER / name
        if chosen.write:
            file.write_text(text, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != text:
            sys.stderr.write(
                f"{file} differs from the code: run python -m paddle_operator.cli.reference --write\n"
            )
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
