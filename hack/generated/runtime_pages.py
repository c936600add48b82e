"""Pages of docs/reference about the runtime: its commands from their parsers, its settings from a table."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path

from hack.generated import ROOT
from paddle_runtime import settings
from paddle_runtime.cli.outcome import GENERAL_CODES
from paddle_runtime.compare.faults import CompareReason
from paddle_runtime.errors import BundleReason
from paddle_runtime.export.faults import ExportReason
from paddle_runtime.main import COMMANDS

FOLDER = ROOT / "docs" / "reference"
MADE = "<!-- Made by `make generate`; do not edit. -->\n"
WIDTH = 110
JSON_FORM = """
## The result
Every command but `serve` prints its result on standard output and everything else on standard error: a bar
on a terminal, few plain lines anywhere else. With `--output json` the result is one object on one line, whose
fields stay:

| field | |
| --- | --- |
| `command` | the command's name |
| `ok` | whether it did what was asked |
| `exitCode` | the process's exit code |
| `result` | what was found, when `ok`; sizes are bytes, shapes are lists of numbers |
| `reason`, `message` | why not, else: a word of the table below, and what, which value, what to do |
"""


def files() -> dict[Path, str]:
    """Return each page's text."""
    return {
        FOLDER / "runtime-commands.md": f"{MADE}\n# Commands of the runtime\n\n" + "\n".join(commands()),
        FOLDER / "runtime-settings.md": f"{MADE}\n# Settings of the runtime\n\n" + "\n".join(setting_rows()),
    }


def commands() -> Iterator[str]:
    """Yield the list, each command's own help, the form of results, the exit codes."""
    yield "| command | |\n| --- | --- |"
    yield from (f"| [`{name}`](#{name}) | {text} |" for name, text in COMMANDS.items())
    yield JSON_FORM
    yield "## Exit codes\n| code | meaning |\n| --- | --- |"
    yield from (f"| {code} | {text} |" for code, text in exit_codes().items())
    for name, text in COMMANDS.items():
        yield f"\n## {name}\n```text\n{help_of(name, text)}```"
        if name == "serve":
            yield "All of them with their units: [settings of the runtime](runtime-settings.md)."


def exit_codes() -> dict[int, str]:
    """Return what each exit code means, smallest first."""
    reasons = {reason.value: f"`{reason.name}`" for reason in (*BundleReason, *ExportReason, *CompareReason)}
    return dict(sorted({**GENERAL_CODES, **reasons}.items()))


def help_of(name: str, text: str) -> str:
    """Return what `paddle-runtime NAME --help` prints; for serve without its many flags."""
    parser = argparse.ArgumentParser(
        prog=f"paddle-runtime {name}",
        description=text,
        formatter_class=partial(argparse.HelpFormatter, width=WIDTH),
    )
    if name == "serve":
        return "usage: paddle-runtime serve --model PATH|builtin:NAME [--SETTING VALUE ...]\n"
    import_module(f"paddle_runtime.cli.{name}").add_arguments(parser)
    return parser.format_help()


def setting_rows() -> Iterator[str]:
    """Yield a row for each setting of `paddle-runtime serve`."""
    yield "Of `paddle-runtime serve`, read once at the start. A flag wins over its variable; an empty"
    yield "variable is the default.\n"
    yield "| Flag | Variable | Default | Unit | Meaning |\n| --- | --- | --- | --- | --- |"
    for name, default, documented in settings.options():
        meaning = documented.text + (f": {', '.join(documented.choices)}" if documented.choices else "")
        flag, variable = "--" + name.replace("_", "-"), settings.env_name(name)
        yield f"| `{flag}` | `{variable}` | `{default}` | {documented.unit} | {meaning} |"
    yield ""
