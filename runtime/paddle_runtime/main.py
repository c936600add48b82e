"""paddle-runtime: the command line. Wiring only.

A command's module is imported when the command is chosen: a server that starts does not pay for an S3 client,
and the front end does not see what export and bench import.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

# name: what --help says of it; the module is paddle_runtime.cli.NAME
COMMANDS = {
    "serve": "serve a bundle over HTTP",
    "fetch": "fetch and verify a bundle, or only resolve its digest",
    "bundle": "write model.yaml for a folder of files",
    "verify": "check every file of a bundle, and on wish its self-test on this machine",
    "bench": "measure a bundle on this machine; on wish choose engines and shapes, and write them into it",
    "compare": "ask a new revision before callers do, and hold its answers to what is expected or to stable",
    "inspect": "show what a bundle holds and what it would answer",
    "export": "turn a paddle.nn.Layer in a file of yours into a bundle, every branch alive",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, 2 for usage, or a fault's."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="paddle-runtime", description="Serve a Paddle model bundle.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        flags = commands.add_parser(name, help=text, description=text)
        if given[:1] == [name]:
            command = import_module(f"paddle_runtime.cli.{name}")
            command.add_arguments(flags)
            flags.set_defaults(run=command.run)
    parsed = parser.parse_args(given)
    code: int = parsed.run(parsed)
    return code


if __name__ == "__main__":
    sys.exit(main())
