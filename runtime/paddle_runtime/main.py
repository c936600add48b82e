"""paddle-runtime: the command line. Wiring only.

A command imports what it needs when it is chosen: a server that starts does not pay for an S3 client.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)
USAGE_EXIT_CODE = 2
Run = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, 2 for usage, or a bundle fault's."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="paddle-runtime", description="Serve a Paddle model bundle.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (text, wire) in COMMANDS.items():
        flags = commands.add_parser(name, help=text, description=text)
        if given[:1] == [name]:
            flags.set_defaults(run=wire(flags))
    parsed = parser.parse_args(given)
    code: int = parsed.run(parsed)
    return code


# Each adds its flags to the parser and returns what runs it.


def _serve(flags: argparse.ArgumentParser) -> Run:
    from paddle_runtime import logs, settings  # noqa: PLC0415
    from paddle_runtime.serve import serve  # noqa: PLC0415

    def run(parsed: argparse.Namespace) -> int:
        try:
            chosen = settings.read(vars(parsed), os.environ)
            logs.configure(chosen.log_format)
            return serve(chosen)
        except settings.SettingsFault as fault:
            log.error("%s", fault)
            return USAGE_EXIT_CODE

    settings.add_flags(flags)
    return run


def _fetch(flags: argparse.ArgumentParser) -> Run:
    from paddle_runtime.bundle import fetch_command  # noqa: PLC0415

    fetch_command.add_fetch_arguments(flags)
    return fetch_command.run_fetch


def _bundle(flags: argparse.ArgumentParser) -> Run:
    from paddle_runtime.bundle import fetch_command  # noqa: PLC0415

    fetch_command.add_bundle_arguments(flags)
    return fetch_command.run_bundle


def _verify(flags: argparse.ArgumentParser) -> Run:
    from paddle_runtime.bundle import fetch_command  # noqa: PLC0415

    fetch_command.add_path_argument(flags)
    return fetch_command.run_verify


def _inspect(flags: argparse.ArgumentParser) -> Run:
    from paddle_runtime.bundle import fetch_command  # noqa: PLC0415

    fetch_command.add_path_argument(flags)
    return fetch_command.run_inspect


COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], Run]]] = {
    "serve": ("serve a bundle over HTTP", _serve),
    "fetch": ("fetch and verify a bundle, or only resolve its digest", _fetch),
    "bundle": ("write model.yaml for a folder of files", _bundle),
    "verify": ("check every file of a bundle", _verify),
    "inspect": ("show what a bundle holds", _inspect),
}

if __name__ == "__main__":
    sys.exit(main())
