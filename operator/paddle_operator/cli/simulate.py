"""`paddle-operator simulate`: how rollouts end under the canary gate, and under the rules of others."""

from __future__ import annotations

import argparse
import json
import sys

from paddle_operator.simulation.table import RATES, RULES, TARGETS, cells, row, text_of
from paddle_operator.simulation.world import SCENARIOS

OK = 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command is told."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    meanings = "\n".join(f"  {name:10} {scenario.meaning}" for name, scenario in SCENARIOS.items())
    parser.epilog = f"scenarios:\n{meanings}\n\nThe same seed gives the same table on every machine."
    parser.add_argument("--rollouts", type=_at_least_one, default=1000, help="of each cell (1000)")
    parser.add_argument("--seed", type=int, default=1, help="what all chances come from (1)")
    parser.add_argument("--scenario", action="append", choices=SCENARIOS, help="one of all; may be repeated")
    parser.add_argument(
        "--target", action="append", choices=TARGETS, help="percent promised; may be repeated"
    )
    parser.add_argument(
        "--rate", action="append", type=_at_least_one, help=f"requests a second; may be repeated {RATES}"
    )
    parser.add_argument("--rule", action="append", choices=RULES, help="who judges; may be repeated")
    parser.add_argument("--output", choices=("table", "json"), default="table")


def run(chosen: argparse.Namespace) -> int:
    """Print a row for each cell; return the exit code."""
    all_of = cells(
        chosen.scenario or SCENARIOS, chosen.target or TARGETS, chosen.rate or RATES, chosen.rule or RULES
    )
    rows = []
    for number, cell in enumerate(all_of, 1):
        if sys.stderr.isatty():
            print(f"\r{number} of {len(all_of)} cells", end="", file=sys.stderr, flush=True)
        rows.append(row(cell, chosen.rollouts, chosen.seed))
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if chosen.output == "json":
        print(json.dumps({"seed": chosen.seed, "cells": rows}, indent=1))
    else:
        print(text_of(rows), end="")
    return OK


def _at_least_one(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number, 1 or more, is {text!r}")
    return number
