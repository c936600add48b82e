"""The command line: an operator's command, a folder of programs as its story, the kinds to compare."""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sweep.access import Access
from sweep.errors import StepFailed, SweepError
from sweep.proxy import Fault
from sweep.report import report
from sweep.rounds import FAULTS, sweep
from sweep.story import Followed, Launch, Step, Subject
from sweep.trial import Site
from sweep.writes import Rules

USAGE_ERROR, VIOLATIONS = 2, 1
STEP_SECONDS = 300.0


def main(argv: Sequence[str] | None = None) -> int:
    """Sweep; returns 0 for no violation, 1 for some, 2 where nothing could be said."""
    chosen = _parser().parse_args(argv)
    try:
        found = asyncio.run(
            sweep(_subject(chosen), _site(chosen), chosen.fault or FAULTS, two_at_once=chosen.two,
                  at_once=chosen.at_once, tell=lambda line: print(line, flush=True))
        )  # fmt: skip
    except SweepError as wrong:
        print(f"sweep: {wrong}", file=sys.stderr)
        return USAGE_ERROR
    print(report(found))
    return VIOLATIONS if found.violations else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sweep", description=__doc__)
    parser.add_argument(
        "--operator", required=True, metavar="COMMAND",
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
        "--compare", required=True, metavar="LIST", help="such as v1/services,apps/v1/deployments"
    )
    parser.add_argument("--forget", action="append", default=[], metavar="POINTER", help="what may differ")
    parser.add_argument(
        "--follow", action="append", default=[], metavar="RESOURCE:POINTER",
        help="what never may go back, such as v1/services:/spec/selector",
    )  # fmt: skip
    parser.add_argument(
        "--ignore", action="append", default=[], metavar="RESOURCE",
        help="what is written by the clock, besides Leases and kopf's peerings: neither struck nor counted",
    )  # fmt: skip
    parser.add_argument(
        "--fault", action="append", type=Fault, choices=list(Fault), help="kill-after, drop-answer"
    )
    parser.add_argument("--two", action="store_true", help="also with two replicas at once, undisturbed")
    parser.add_argument("--at-once", type=int, default=1, metavar="RUNS", help="so many beside each other")
    parser.add_argument(
        "--patience", type=float, default=60.0, metavar="SECONDS",
        help="what is not as it should be this long after a step stays so",
    )  # fmt: skip
    parser.add_argument("--kubeconfig", type=Path, help="with all rights; else KUBECONFIG")
    parser.add_argument("--operator-kubeconfig", type=Path, help="the operator's own account; else the same")
    parser.add_argument(
        "--logs", type=Path, help="folder for what the operator says; else a new one under /tmp"
    )
    return parser


def _site(chosen: argparse.Namespace) -> Site:
    folder = chosen.logs or Path(tempfile.mkdtemp(prefix="sweep-"))
    folder.mkdir(parents=True, exist_ok=True)
    admin = _kubeconfig(chosen)
    return Site(Access.of(admin), Access.of(chosen.operator_kubeconfig or admin), folder)


def _kubeconfig(chosen: argparse.Namespace) -> Path:
    return chosen.kubeconfig or Path(os.environ.get("KUBECONFIG") or Path.home() / ".kube" / "config")


def _subject(chosen: argparse.Namespace) -> Subject:
    programs = sorted(one for one in chosen.story.iterdir() if os.access(one, os.X_OK) and one.is_file())
    if not programs:
        raise StepFailed(f"{chosen.story} holds no executable file; make the story's steps executable")

    def launch(_: Path, namespace: str, replica: int) -> Launch:
        return Launch(shlex.split(chosen.operator.format(namespace=namespace, replica=replica)))

    return Subject(
        launch=launch,
        steps=[_step(one, _kubeconfig(chosen), swept=one.name >= chosen.first) for one in programs],
        compared=chosen.compare.split(","),
        followed=[Followed(*one.split(":", 1)) for one in chosen.follow],
        forget=chosen.forget,
        rules=Rules(ignored=Rules().ignored | set(chosen.ignore)),
        patience_seconds=chosen.patience,
    )


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
