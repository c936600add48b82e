"""paddle-runtime: the command line. Wiring only."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence

from paddle_runtime import logs, settings
from paddle_runtime.bundle import fetch_command
from paddle_runtime.settings import SettingsFault

log = logging.getLogger(__name__)
USAGE_EXIT_CODE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; the exit code is 0, 2 for usage, or a bundle fault's."""
    parsed = _parser().parse_args(arguments)
    try:
        code: int = parsed.run(parsed)
    except SettingsFault as fault:
        log.error("%s", fault)
        return USAGE_EXIT_CODE
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="paddle-runtime", description="Serve a Paddle model bundle.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    table: tuple[tuple[str, str, Callable[[argparse.ArgumentParser], None], Callable[..., int]], ...] = (
        ("serve", "serve a bundle over HTTP", settings.add_flags, _serve),
        ("fetch", "fetch and verify a bundle", fetch_command.add_fetch_arguments, fetch_command.run_fetch),
        ("bundle", "write model.yaml", fetch_command.add_bundle_arguments, fetch_command.run_bundle),
        ("verify", "check every file", fetch_command.add_path_argument, fetch_command.run_verify),
        ("inspect", "show what a bundle holds", fetch_command.add_path_argument, fetch_command.run_inspect),
    )
    for name, text, add_arguments, run in table:
        command = commands.add_parser(name, help=text, description=text)
        add_arguments(command)
        command.set_defaults(run=run)
    return parser


def _serve(parsed: argparse.Namespace) -> int:
    """Only this command pays for the web server's imports."""
    from paddle_runtime.serve import serve  # noqa: PLC0415

    chosen = settings.read(vars(parsed), os.environ)
    logs.configure(chosen.log_format)
    return serve(chosen)


if __name__ == "__main__":
    sys.exit(main())
