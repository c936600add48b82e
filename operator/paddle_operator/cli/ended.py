"""What ends a program from outside, and the exit code that a shell expects then."""

from __future__ import annotations

import os
import signal
import sys

INTERRUPTED = 128 + signal.SIGINT


def unread() -> int:
    """Whoever read what is printed has enough, as `head` has: print no more of it, and return the exit code.

    What is still to be written would fail once more, with a traceback, when the interpreter ends.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return 128 + signal.SIGPIPE
