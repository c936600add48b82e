"""Running other programs: the output of a failing one is in the error, and none runs without a limit."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from hack.cluster.errors import CommandFailed, ProgramMissing

_TAIL_CHARACTERS = 3000


def _surroundings() -> dict[str, str]:
    """The environment as it is now, in a thread beside one that changes it: a variable may go meanwhile."""
    found = ((name, os.environ.get(name)) for name in list(os.environ))
    return {name: value for name, value in found if value is not None}


def run(
    argv: Sequence[str | Path],
    *,
    timeout: float = 60.0,
    stdin: str | bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run to the end within `timeout` seconds; `env` adds to the environment."""
    text = [str(part) for part in argv]
    try:
        done = subprocess.run(
            text,
            input=stdin.encode() if isinstance(stdin, str) else (stdin or b""),
            capture_output=True,
            timeout=timeout,
            env={**_surroundings(), **(env or {})},
            cwd=cwd,
            check=False,
        )
    except FileNotFoundError as missing:
        raise ProgramMissing(f"{text[0]} was not found: {missing}") from missing
    except subprocess.TimeoutExpired as late:
        raise CommandFailed(f"{shlex.join(text)} did not end within {timeout:.0f} s") from late
    result = subprocess.CompletedProcess(
        text, done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    )
    if check and result.returncode != 0:
        tail = (result.stderr.strip() or result.stdout.strip())[-_TAIL_CHARACTERS:]
        raise CommandFailed(f"{shlex.join(text)} ended with {result.returncode}: {tail}")
    return result
