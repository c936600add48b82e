"""`paddle-operator replay`: what the canary gate says of recorded counts, line by line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping

from paddle_operator import names
from paddle_operator.cli.streams import STDIN, opened
from paddle_operator.documents import DocumentsInvalid, load
from paddle_operator.errors import SpecRejected
from paddle_operator.rollout.gate.settings import Gate
from paddle_operator.simulation.recorded import LINE, LineInvalid, replayed
from paddle_operator.spec import Service, parse
from paddle_operator.spec.rollout import Rollout

OK, REJECTED, USAGE = 0, 1, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command is told."""
    parser.add_argument(
        "-f", "--file", required=True, help="YAML file with one PaddleModelService, - for stdin"
    )
    parser.add_argument(
        "--counts", default=STDIN, help="JSON lines of what was counted since the line before; - is stdin"
    )


def run(chosen: argparse.Namespace) -> int:
    """Print a verdict for each line; return the exit code."""
    if chosen.file == chosen.counts == STDIN:
        return _complain(STDIN, "is the resource, so give the counts as a file: --counts FILE", code=USAGE)
    try:
        with opened(chosen.file) as file:
            spec = _only_service(file.read()).spec
    except SpecRejected as rejected:
        return _complain(chosen.file, *rejected.violations, code=REJECTED)
    except (OSError, ValueError) as wrong:
        return _complain(chosen.file, wrong, code=USAGE)
    rollout, judged = spec.rollout or Rollout(), 0
    where = "counts" if chosen.counts == STDIN else chosen.counts
    try:
        for said in replayed(Gate.of(spec.sla, rollout), rollout, _lines(chosen.counts)):
            print(json.dumps(said), flush=True)
            judged += 1
    except (LineInvalid, DocumentsInvalid) as wrong:
        return _complain(where, wrong, code=USAGE)
    return OK if judged else _complain(where, f"no line of counts, each of which is {LINE}", code=USAGE)


def _lines(counts: str) -> Iterator[str]:
    """Yield them; DocumentsInvalid where they cannot be read: OSError is for what cannot be printed."""
    try:
        with opened(counts) as lines:
            yield from lines
    except (OSError, UnicodeDecodeError) as wrong:
        raise DocumentsInvalid(str(wrong)) from wrong


def _only_service(text: str) -> Service:
    found = [body for body in load(text) if isinstance(body, Mapping) and body.get("kind") == names.KIND]
    if len(found) != 1:
        raise DocumentsInvalid(f"holds {len(found)} {names.KIND}s: give a file with the one that was judged")
    return parse(found[0])


def _complain(where: str, *wrongs: object, code: int) -> int:
    for wrong in wrongs:
        print(f"{where}: {wrong}", file=sys.stderr)
    return code
