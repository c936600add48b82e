"""The command line: an operator's command, a folder of programs as its story, the kinds to compare."""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from sweep.access import Access
from sweep.errors import ArgumentUnusable, StepFailed, SweepError
from sweep.proxy import Fault
from sweep.report import report
from sweep.rounds import FAULTS, sweep
from sweep.story import Followed, Launch, Step, Subject
from sweep.trial import Site
from sweep.writes import Rules

NOTHING_FOUND, VIOLATIONS, NOTHING_SAID, NOT_ALL_REACHED = 0, 1, 2, 3
STEP_SECONDS = 300.0
_RESOURCE = re.compile(r"([^/:]+/)?v[^/:]+/[^/:]+")


def main(argv: Sequence[str] | None = None) -> int:
    """Sweep; returns 0 for no violation, 1 for some, 2 where nothing could be said, 3 of not all writes."""
    chosen = _parser().parse_args(argv)
    try:
        found = asyncio.run(
            sweep(_subject(chosen), _site(chosen), chosen.fault or FAULTS, two_at_once=chosen.two,
                  at_once=chosen.at_once, tell=lambda line: print(line, flush=True))
        )  # fmt: skip
    except SweepError as wrong:
        print(f"sweep: {wrong}", file=sys.stderr)
        return NOTHING_SAID
    except Exception:  # Python's own status for it is the one of violations
        traceback.print_exc()
        return NOTHING_SAID
    print(report(found))
    if found.violations:
        return VIOLATIONS
    return NOT_ALL_REACHED if found.not_reached else NOTHING_FOUND


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sweep", description=__doc__)
    parser.add_argument(
        "--operator", required=True, type=_command, metavar="COMMAND",
        help="how a replica is started, with KUBECONFIG; {namespace} and {replica} are filled in",
    )  # fmt: skip
    parser.add_argument(
        "--story", required=True, type=Path, metavar="FOLDER",
        help="its executable files are the steps, in the order of their names, with KUBECONFIG and NAMESPACE",
    )  # fmt: skip
    parser.add_argument(
        "--first", default="", metavar="STEP",
        help="writes are struck from this step on; those before it are on the way to what the story is about",
    )  # fmt: skip
    parser.add_argument(
        "--compare", required=True, type=_resources, metavar="LIST",
        help="such as v1/services,apps/v1/deployments",
    )  # fmt: skip
    parser.add_argument(
        "--forget", action="append", default=[], type=_pointer, metavar="POINTER", help="what may differ"
    )
    parser.add_argument(
        "--follow", action="append", default=[], type=_followed, metavar="RESOURCE:POINTER",
        help="what never may go back, such as v1/services:/spec/selector",
    )  # fmt: skip
    parser.add_argument(
        "--ignore", action="append", default=[], metavar="RESOURCE",
        help="what is written by the clock, besides Leases and kopf's peerings: neither struck nor counted",
    )  # fmt: skip
    parser.add_argument(
        "--fault", action="append", type=_fault, metavar="FAULT",
        help=f"of {', '.join(Fault)}; may be given again and again; else {' and '.join(FAULTS)}",
    )  # fmt: skip
    parser.add_argument("--two", action="store_true", help="also with two replicas at once, undisturbed")
    parser.add_argument(
        "--at-once", type=_from_one_on, default=1, metavar="RUNS", help="so many beside each other; else 1"
    )
    parser.add_argument(
        "--patience", type=_seconds, default=60.0, metavar="SECONDS",
        help="what is not as it should be this long after a step stays so; else 60",
    )  # fmt: skip
    parser.add_argument("--kubeconfig", type=Path, help="with all rights; else KUBECONFIG")
    parser.add_argument("--operator-kubeconfig", type=Path, help="the operator's own account; else the same")
    parser.add_argument(
        "--logs", type=Path, help="folder for what the operator says; else a new one under /tmp"
    )
    return parser


def _command(text: str) -> str:
    """What can be filled in, and is a command then."""
    try:
        words = shlex.split(text.format(namespace="", replica=0))
    except (LookupError, AttributeError, TypeError, ValueError) as wrong:
        only = "only {namespace} and {replica} are filled in: write other braces twice"
        raise argparse.ArgumentTypeError(f"{text!r}: {wrong!r}; {only}") from wrong
    if not words:
        raise argparse.ArgumentTypeError(f"{text!r} is no command; name a program and its arguments")
    return text


def _resources(text: str) -> list[str]:
    for one in (found := text.split(",")):
        if not _RESOURCE.fullmatch(one):
            raise argparse.ArgumentTypeError(
                f"{one!r} is no resource; write v1/services or apps/v1/deployments"
            )
    return found


def _followed(text: str) -> Followed:
    resource, _, pointer = text.partition(":")
    if not pointer.startswith("/"):
        raise argparse.ArgumentTypeError(f"{text!r} has no JSON pointer; write v1/services:/spec/selector")
    (one,) = _resources(resource)
    return Followed(one, pointer)


def _pointer(text: str) -> str:
    if not text.startswith("/"):
        raise argparse.ArgumentTypeError(f"{text!r} is no JSON pointer; write /status/lastSeen")
    return text


def _fault(text: str) -> Fault:
    try:
        return Fault(text)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(f"{text!r} is no fault; write one of {', '.join(Fault)}") from wrong


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds


def _from_one_on(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def _site(chosen: argparse.Namespace) -> Site:
    folder = chosen.logs or Path(tempfile.mkdtemp(prefix="sweep-"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise ArgumentUnusable(f"--logs: {folder} cannot be made a folder: {wrong.strerror}") from wrong
    admin = _kubeconfig(chosen)
    return Site(Access.of(admin), Access.of(chosen.operator_kubeconfig or admin), folder)


def _kubeconfig(chosen: argparse.Namespace) -> Path:
    return chosen.kubeconfig or Path(os.environ.get("KUBECONFIG") or Path.home() / ".kube" / "config")


def _subject(chosen: argparse.Namespace) -> Subject:
    programs = _programs(chosen.story)
    if not any(one.name.startswith(chosen.first) for one in programs):
        steps = ", ".join(one.name for one in programs)
        raise ArgumentUnusable(f"--first: no step begins with {chosen.first!r}; name one of {steps}")

    def launch(_: Path, namespace: str, replica: int) -> Launch:
        command = shlex.split(chosen.operator.format(namespace=namespace, replica=replica))
        if shutil.which(command[0]) is None:
            raise ArgumentUnusable(f"--operator: {command[0]} is not found; name a program that can be run")
        return Launch(command)

    return Subject(
        launch=launch,
        steps=[_step(one, _kubeconfig(chosen), swept=one.name >= chosen.first) for one in programs],
        compared=chosen.compare,
        followed=chosen.follow,
        forget=chosen.forget,
        rules=Rules(ignored=Rules().ignored | set(chosen.ignore)),
        patience_seconds=chosen.patience,
    )


def _programs(story: Path) -> list[Path]:
    if not story.is_dir():
        raise ArgumentUnusable(f"--story: {story} is no folder; name the one that holds the steps")
    programs = sorted(one for one in story.iterdir() if os.access(one, os.X_OK) and one.is_file())
    if not programs:
        raise ArgumentUnusable(f"{story} holds no executable file; make the story's steps executable")
    return programs


def _step(program: Path, kubeconfig: Path, *, swept: bool) -> Step:
    def act(namespace: str) -> None:
        environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "NAMESPACE": namespace}
        done = subprocess.run(
            [str(program.absolute())], env=environment, capture_output=True, text=True, check=False,
            timeout=STEP_SECONDS,
        )  # fmt: skip
        if done.returncode:
            raise StepFailed(f"ended with {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}")

    return Step(program.name, act, swept)


if __name__ == "__main__":
    sys.exit(main())
