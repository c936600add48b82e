"""`paddle-operator replay`: what the canary gate says of recorded counts, line by line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from paddle_operator import names
from paddle_operator.documents import DocumentsInvalid, load
from paddle_operator.errors import SpecRejected
from paddle_operator.rollout.gate.settings import Gate
from paddle_operator.simulation.recorded import LINE, LineInvalid, replayed
from paddle_operator.spec import Service, parse
from paddle_operator.spec.rollout import Rollout

OK, REJECTED, USAGE = 0, 1, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command is told."""
    parser.add_argument("-f", "--file", required=True, help="YAML file with one PaddleModelService")
    parser.add_argument(
        "--counts", default="-", help="JSON lines of what was counted since the line before; - is stdin"
    )


def run(chosen: argparse.Namespace) -> int:
    """Print a verdict for each line; return the exit code."""
    try:
        spec = _only_service(Path(chosen.file).read_text(encoding="utf-8")).spec
    except SpecRejected as rejected:
        return _complain(chosen.file, *rejected.violations, code=REJECTED)
    except (OSError, ValueError) as wrong:
        return _complain(chosen.file, wrong, code=USAGE)
    rollout, judged = spec.rollout or Rollout(), 0
    where = "counts" if chosen.counts == "-" else chosen.counts
    try:
        with sys.stdin if chosen.counts == "-" else Path(chosen.counts).open(encoding="utf-8") as lines:
            for said in replayed(Gate.of(spec.sla, rollout), rollout, lines):
                print(json.dumps(said), flush=True)
                judged += 1
    except (LineInvalid, OSError, UnicodeDecodeError) as wrong:
        return _complain(where, wrong, code=USAGE)
    return OK if judged else _complain(where, f"no line of counts, each of which is {LINE}", code=USAGE)


def _only_service(text: str) -> Service:
    found = [body for body in load(text) if isinstance(body, Mapping) and body.get("kind") == names.KIND]
    if len(found) != 1:
        raise DocumentsInvalid(f"holds {len(found)} {names.KIND}s: give a file with the one that was judged")
    return parse(found[0])


def _complain(where: str, *wrongs: object, code: int) -> int:
    for wrong in wrongs:
        print(f"{where}: {wrong}", file=sys.stderr)
    return code
