"""How a command ends: its result on standard output, for people or as JSON, and an exit code that says why.

The JSON form is one object on one line and is kept stable: `command`, `ok`, `exitCode`, and either `result`
or `reason` with `message`. Everything else that a command says goes to standard error.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from paddle_runtime.cli.progress import Progress
from paddle_runtime.errors import Fault

OS_EXIT_CODE = 1
USAGE_EXIT_CODE = 2
# What the operating system and the command line say; the other codes are those of the faults' reasons.
GENERAL_CODES = {
    0: "success",
    OS_EXIT_CODE: "the operating system refused something (reason `SystemError`)",
    USAGE_EXIT_CODE: "wrong usage: an unknown flag, or a value that cannot be read",
}
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Result:
    """What a command found out. text: the same for people."""

    document: Mapping[str, JsonValue]
    text: str


def add_output_argument(parser: argparse.ArgumentParser) -> None:
    """--output, which every command but serve has."""
    parser.add_argument(
        "--output", choices=("text", "json"), default="text", help="form of the result on standard output"
    )


def finish(command: str, output: str, action: Callable[[Progress], Result]) -> int:
    """Run the action, print what it found, and return the exit code."""
    configure_log()
    try:
        with Progress() as progress:
            result = action(progress)
    except Fault as fault:
        reason = getattr(fault, "reason", None)
        name, code = (reason.name, int(reason.value)) if reason is not None else ("Usage", USAGE_EXIT_CODE)
        return _failed(command, output, name, str(fault), code)
    except OSError as error:
        return _failed(command, output, "SystemError", str(error), OS_EXIT_CODE)
    if output == "json":
        _print({"command": command, "ok": True, "exitCode": 0, "result": dict(result.document)})
    else:
        print(result.text, flush=True)
    return 0


def _failed(command: str, output: str, reason: str, message: str, code: int) -> int:
    log.error("%s: %s", reason, message)
    if output == "json":
        _print({"command": command, "ok": False, "exitCode": code, "reason": reason, "message": message})
    return code


def _print(document: Mapping[str, JsonValue]) -> None:
    print(json.dumps(document, ensure_ascii=False, allow_nan=False), flush=True)


def rows(pairs: Mapping[str, object]) -> str:
    """Names and values in two columns; a list's items stand beside each other."""
    width = max(map(len, pairs), default=0)
    shown = {
        name: ", ".join(map(str, value)) if isinstance(value, list) else value
        for name, value in pairs.items()
    }
    return "\n".join(f"{name:<{width}}  {value}" for name, value in shown.items())


def configure_log() -> None:
    """Plain lines on standard error, unless somebody chose otherwise before."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    # Paddle raises the root's level when it is imported; ours is ours
    logging.getLogger("paddle_runtime").setLevel(logging.INFO)
