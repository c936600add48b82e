"""What a program reads and prints, and the exit code of one that is ended from outside."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TextIO

STDIN = "-"
"""A file of this name is what comes in."""
INTERRUPTED = 128 + signal.SIGINT


def opened(file: str) -> TextIO:
    """Open a file, or what comes in; OSError where it cannot be."""
    return sys.stdin if file == STDIN else Path(file).open(encoding="utf-8")


def unread() -> int:
    """Whoever read what is printed has enough, as `head` has: print no more of it, and return the exit code.

    What is still to be written would fail once more, with a traceback, when the interpreter ends.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return 128 + signal.SIGPIPE
