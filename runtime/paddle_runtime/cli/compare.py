"""`paddle-runtime compare`: ask a new revision before callers do; the pod's status gets what was found."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import JsonValue

from paddle_runtime.cli.fetch import positive_number, report
from paddle_runtime.cli.outcome import Result, add_output_argument, finish, rows
from paddle_runtime.cli.progress import Progress
from paddle_runtime.compare.asking import Revision
from paddle_runtime.compare.faults import CompareFault, CompareReason
from paddle_runtime.compare.flow import compare
from paddle_runtime.compare.golden_set import read_golden_set
from paddle_runtime.compare.tally import Limits, Tally
from paddle_runtime.errors import Fault

DEFAULTS = Limits()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `paddle-runtime compare`."""
    add = parser.add_argument
    add("golden_set", type=Path, metavar="FILE", help="golden.json; files that it names lie beside it")
    add("--new", type=base_url, required=True, metavar="URL", help="the new revision, http://HOST:PORT")
    add("--stable", type=base_url, metavar="URL", help="the one that serves: asked where nothing is expected")
    add("--parity", action="store_true", help="ask --stable also where something is expected")
    for name, what in (
        ("text-error-percent", "characters that differ, of all"),
        ("label-error-percent", "first labels that differ, of all"),
        ("box-error-percent", "100 less the overlap of the worst box, in percent"),
        ("abs-error", "difference of a number in a tensor, or of a score"),
    ):
        default = getattr(DEFAULTS, name.replace("-", "_"))
        add(f"--max-{name}", type=not_negative, default=default, help=f"{what} (default {default:g})")
    add("--request-timeout-seconds", type=positive_number, default=30.0, help="for one try (default 30)")
    add("--timeout-seconds", type=positive_number, default=300.0, help="for all requests (default 300)")
    add_output_argument(parser)


def run(args: argparse.Namespace) -> int:
    """The exit code is 0 or the reason's; either way the outcome is left for the pod's status."""

    def action(progress: Progress) -> Result:
        try:
            document = _compare(args, progress)
        except CompareFault as fault:
            if fault.reason is not CompareReason.AnswersDiffer:  # which has left its figures already
                report({"reason": fault.reason.name, "message": str(fault)})
            raise
        return Result(document, rows({name: document[name] for name in ("message", "seconds")}))

    return finish("compare", args.output, action)


def _compare(args: argparse.Namespace, progress: Progress) -> Mapping[str, JsonValue]:
    if args.parity and args.stable is None:
        raise Fault("--parity compares with the revision that serves: give --stable URL")
    began = time.monotonic()
    requests = read_golden_set(args.golden_set)
    new, stable = (
        None
        if base is None
        else Revision(
            name,
            base,
            timeout_seconds=args.request_timeout_seconds,
            ends_at=began + args.timeout_seconds,
        )
        for name, base in (("new", args.new), ("stable", args.stable))
    )
    assert new is not None
    tally = Tally(_limits(args))

    def tell(asked: int) -> None:
        progress.share(f"comparing {len(requests)} requests", asked / len(requests))

    compare(requests, new, stable, tally, parity=args.parity, tell=tell)
    return _outcome(tally, time.monotonic() - began)


def _outcome(tally: Tally, seconds: float) -> Mapping[str, JsonValue]:
    """What was found; CompareFault AnswersDiffer where that is too much."""
    document: dict[str, JsonValue] = {
        "reason": CompareReason.AnswersDiffer.name if tally.broken else "Passed",
        "message": tally.told(),
        "requests": tally.asked,
        "comparisons": tally.compared,
        "seconds": round(seconds, 3),
        "figures": dict(tally.document()),
    }
    report(document)
    if tally.broken:
        raise CompareFault(
            CompareReason.AnswersDiffer,
            f"{tally.told()}. Callers should not have it: mend the revision or, if it is meant to answer so, "
            "what is expected, or the limit.",
        )
    return document


def _limits(args: argparse.Namespace) -> Limits:
    return Limits(
        text_error_percent=args.max_text_error_percent,
        label_error_percent=args.max_label_error_percent,
        box_error_percent=args.max_box_error_percent,
        abs_error=args.max_abs_error,
    )


def base_url(text: str) -> str:
    """Where a revision is: scheme, host and port alone."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise argparse.ArgumentTypeError(f"{text!r} is not http://HOST:PORT")
    return text


def not_negative(text: str) -> float:
    """A limit."""
    try:
        value = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from error
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} must be 0 or more")
    return value
