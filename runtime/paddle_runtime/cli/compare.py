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
from paddle_runtime.compare.copies import Copies, listening
from paddle_runtime.compare.faults import CompareFault, CompareReason
from paddle_runtime.compare.flow import compare, known_requests
from paddle_runtime.compare.golden_set import read_golden_set
from paddle_runtime.compare.tally import Limits, Tally
from paddle_runtime.errors import Fault

DEFAULTS = Limits()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `paddle-runtime compare`."""
    add = parser.add_argument
    add("golden_set", type=Path, nargs="?", metavar="FILE", help="golden.json; its files lie beside it")
    add("--new", type=base_url, required=True, metavar="URL", help="the new revision, http://HOST:PORT")
    add("--stable", type=base_url, metavar="URL", help="the one that serves: asked where nothing is expected")
    add("--parity", action="store_true", help="ask --stable also where something is expected")
    add(
        "--self-test",
        action="store_true",
        help="instead of FILE: what the bundle of --new knows answers to, held to those of --stable",
    )
    add(
        "--listen",
        type=int,
        metavar="PORT",
        help="instead of FILE: compare the copies of real requests that a gateway sends to this port",
    )
    add("--host", default="0.0.0.0", help="address of --listen (default 0.0.0.0)")  # noqa: S104  in its pod
    add("--copies", type=int, default=50, help="comparisons that are enough, with --listen (default 50)")
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
    if [args.golden_set is not None, args.self_test, args.listen is not None].count(True) != 1:
        raise Fault(
            "give one of FILE, a golden set, --self-test, and --listen PORT, where copies of requests come in"
        )
    if args.stable is None and (args.parity or args.golden_set is None):
        raise Fault(
            "--parity, --self-test and --listen compare with the revision that serves: give --stable URL"
        )
    began = time.monotonic()
    tally = Tally(_limits(args))
    if args.listen is None:
        missed = _golden(args, tally, began, progress)
        return _outcome(tally, time.monotonic() - began, missed=missed)
    _shadow(args, tally, began, progress)
    return _outcome(tally, time.monotonic() - began, private=True)


def _golden(args: argparse.Namespace, tally: Tally, began: float, progress: Progress) -> str:
    new = _revision("new", args.new, args, began)
    requests = known_requests(new) if args.self_test else read_golden_set(args.golden_set)
    stable = None if args.stable is None else _revision("stable", args.stable, args, began)

    def tell(asked: int) -> None:
        progress.share(f"comparing {len(requests)} requests", asked / len(requests))

    return compare(requests, new, stable, tally, parity=args.parity, tell=tell)


def _shadow(args: argparse.Namespace, tally: Tally, began: float, progress: Progress) -> None:
    new, stable = (_revision(name, getattr(args, name), args, began) for name in ("new", "stable"))
    copies = Copies(new, stable, tally, args.copies)
    with listening(args.host, args.listen, copies) as port:
        progress.step(f"comparing {args.copies} copies of requests that come to port {port}")
        copies.wait(args.timeout_seconds)
    if tally.compared < args.copies and not tally.broken:
        raise CompareFault(
            CompareReason.TooFewCopies,
            f"{tally.compared} of {args.copies} copies were compared in {args.timeout_seconds:g} s, "
            f"{copies.skipped} had no answer of stable that is compared. Copy a larger share, wait longer, "
            "or be content with fewer; nothing speaks against the revision.",
        )


def _revision(name: str, base: str, args: argparse.Namespace, began: float) -> Revision:
    ends_at = began + args.timeout_seconds
    return Revision(name, base, timeout_seconds=args.request_timeout_seconds, ends_at=ends_at)


def _outcome(
    tally: Tally, seconds: float, *, private: bool = False, missed: str = ""
) -> Mapping[str, JsonValue]:
    """What was found; CompareFault AnswersDiffer where that is too much. missed: why it is not all."""
    message = tally.told(private=private)
    document: dict[str, JsonValue] = {
        "reason": CompareReason.AnswersDiffer.name if tally.broken else "Passed",
        "message": f"{message}. Not all could be compared: {missed.rstrip('.')}" if missed else message,
        "requests": tally.asked,
        "comparisons": tally.compared,
        "seconds": round(seconds, 3),
        "figures": dict(tally.document()),
    }
    report(document)
    if tally.broken:
        raise CompareFault(
            CompareReason.AnswersDiffer,
            f"{document['message']}. Callers should not have it: mend the revision or, if it is meant to "
            "answer so, what is expected, or the limit.",
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
