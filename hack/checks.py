"""What `make lint`, `unit`, `charts`, `rules`, `e2e`, `test` and `test-long` run, in order.

One table, fast checks first. A stage that fails ends the run and the stages not reached are named: nothing is
left out in silence.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hack import e2e_site, long_result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.prefix) / "bin"
PYTHON = sys.executable
# a file shares what it started; a failure is told when it happens, not by a summary that may never come
TWO_AT_A_TIME = (
    "-n",
    "2",
    "--dist",
    "loadfile",
    "--no-loadscope-reorder",
    "--durations=5",
    "--instafail",
)
# A test stuck outside Python hears no signal: its stacks are told and its process ends. A process that ended
# ends the run too: xdist 3.8 may wait for ever for what the others did not get of its files.
STUCK = (
    "--max-worker-restart=0",
    "-o",
    "faulthandler_timeout=240",
    "-o",
    "faulthandler_exit_on_timeout=true",
)
LONG_REPORT = ROOT / "build" / "test-long.xml"


@dataclass(frozen=True)
class Stage:
    """One command and what it proves. A failed quick one still lets the other quick ones speak."""

    name: str
    proves: str
    command: tuple[str, ...]
    quick: bool = False
    minutes: float = 45
    """What takes longer is stuck: three times what it takes on two quiet cores."""


def tool(name: str, *arguments: str) -> tuple[str, ...]:
    """Return the command of a program of .venv."""
    return (str(BIN / name), *arguments)


def module(name: str, *arguments: str) -> tuple[str, ...]:
    """Return the command of a Python module."""
    return (PYTHON, "-m", name, *arguments)


LINT = (
    Stage(
        "format",
        "ruff has nothing to reformat",
        tool("ruff", "format", "--check", "."),
        quick=True,
    ),
    Stage("ruff", "lint rules of pyproject.toml", tool("ruff", "check", "--quiet", "."), quick=True),
    Stage("mypy", "strict types", tool("mypy"), quick=True),
    Stage(
        "imports",
        "layers of docs/architecture.md",
        tool("lint-imports", "--no-cache", "--no-logo"),
        quick=True,
    ),
    Stage("generated", "generated files are current", module("hack.generate", "--check", "code"), quick=True),
)
UNIT = (
    Stage(
        "unit",
        "unit, golden, property and contract tests",
        # two at a time: most of it is starting servers and models
        tool(
            "pytest",
            "-q",
            "-m",
            "not e2e and not long",
            "--ignore=tests/charts",
            "--ignore=tests/promtool",
            *TWO_AT_A_TIME,
            *STUCK,
        ),
        minutes=30,
    ),
)
PROGRAMS = (Stage("programs", "pinned programs are built", module("hack.cluster", "build")),)
CHARTS = (
    Stage("rendered", "install files are current", module("hack.generate", "--check", "charts")),
    Stage("charts", "helm lint, API schemas, Pod Security, RBAC", tool("pytest", "-q", "tests/charts")),
)
RULES = (
    Stage("promtool", "Debian's promtool is installed", module("hack.promtool")),
    Stage("rules", "promtool check and test rules", tool("pytest", "-q", "tests/promtool", *TWO_AT_A_TIME)),
)
CLUSTER = (Stage("cluster", "node, images, add-ons and charts are up", module("hack.e2e_site")),)
E2E_TESTS = ("tests/contract", "tests/e2e", "tests/hack", "tests/runtime/bundle/test_s3.py")
"""Where they are: a process that looks through all seven thousand takes a core twenty seconds more."""
E2E = (
    Stage(
        "together",
        "on a real node, two files at a time: what disturbs nobody",
        tool(
            "pytest",
            "-v",
            *E2E_TESTS,
            "-m",
            "e2e and not alone",
            *TWO_AT_A_TIME,
            "--max-worker-restart=0",
        ),
        minutes=45,
    ),
    Stage(
        "e2e",
        "on a real node, one after another: what disturbs others, or measures time",
        tool("pytest", "-v", *E2E_TESTS, "-m", "e2e and alone", "--durations=5", "--instafail"),
        minutes=45,
    ),
)
LONG = (
    Stage(
        "long",
        "sweeps and soaks",
        # the other family of the report leaves out what the tests record
        tool("pytest", "-v", "-m", "long", f"--junitxml={LONG_REPORT}", "-o", "junit_family=xunit1"),
        minutes=240,
    ),
)

TARGETS: Mapping[str, tuple[Stage, ...]] = {
    "lint": LINT,
    "unit": UNIT,
    "charts": PROGRAMS + CHARTS,
    "e2e": CLUSTER + E2E,
    "rules": RULES,
    "test": LINT + UNIT + PROGRAMS + CHARTS + RULES + CLUSTER + E2E,
    "test-long": CLUSTER + LONG,
}


def only(stages: Sequence[Stage], words: str) -> Sequence[Stage]:
    """Let the last stage run a part of its tests."""
    *before, last = stages
    return (*before, replace(last, command=(*last.command, "-k", words))) if words else stages


def without_cluster(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """Leave out what brings a cluster."""
    return tuple(stage for stage in stages if stage not in CLUSTER)


def run_stages(stages: Sequence[Stage], environment: Mapping[str, str]) -> int:
    """Run stages until one fails; return the first failure's exit status, else 0."""
    spent: list[str] = []
    first_failure = 0
    for position, stage in enumerate(stages):
        if first_failure and not stage.quick:
            say(f"not run: {', '.join(later.name for later in stages[position:])}")
            break
        last = position == len(stages) - 1
        if last and spent:  # before the last one, so that its own closing line ends the run
            say(f"so far {', '.join(spent)}")
        say(f"{stage.name}: {stage.proves} ({position + 1} of {len(stages)})")
        began = time.monotonic()
        status = run_stage(stage, environment)
        spent.append(f"{stage.name} {time.monotonic() - began:.1f} s")
        if status != 0:
            say(f"{spent[-1]}: FAILED: {' '.join(stage.command)}")
            first_failure = first_failure or status
        elif not last:
            say(f"{spent[-1]}: passed")
    return first_failure


def run_stage(stage: Stage, environment: Mapping[str, str]) -> int:
    """Run its command within its time; return the exit status, 124 where the time was over."""
    running = subprocess.Popen(stage.command, cwd=ROOT, env=dict(environment))
    try:
        return running.wait(stage.minutes * 60)
    except subprocess.TimeoutExpired:
        say(f"{stage.name}: ended after {stage.minutes:g} minutes: it is stuck, or this machine is too slow")
        return 124
    finally:  # also where this run itself is told to end
        running.terminate()
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def say(line: str) -> None:
    """Print a line that stands out from the tools' own output and keeps its place among it."""
    print(f"== {line}", flush=True)


def cluster_is_ours_to_end(target: str) -> bool:
    """Tell whether this run starts the tests' cluster: one that was up before stays."""
    if CLUSTER[0] not in TARGETS[target] or os.environ.get("KEEP_CLUSTER"):
        return False
    asked = module("hack.cluster", "status", "--name", e2e_site.CLUSTER)
    return subprocess.run(asked, cwd=ROOT, capture_output=True, check=False).returncode != 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run one target."""
    parser = argparse.ArgumentParser(prog="hack.checks", description="Run the checks of one make target.")
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument(
        "--only",
        default="",
        metavar="WORDS",
        help="of the last stage only the tests that pytest's -k chooses",
    )
    parser.add_argument(
        "--without-cluster",
        action="store_true",
        help="bring no cluster: the tests that are chosen need none",
    )
    chosen = parser.parse_args(argv)
    target, stages = chosen.target, TARGETS[chosen.target]
    if chosen.without_cluster:
        stages = without_cluster(stages)
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}
    ours = not chosen.without_cluster and cluster_is_ours_to_end(target)
    try:
        status = run_stages(only(stages, chosen.only), environment)
        if target == "test-long" and LONG_REPORT.exists():
            long_result.write(LONG_REPORT)
        return status
    finally:
        if ours:
            end_cluster()


def end_cluster() -> None:
    """Take the cluster down without a word, so that pytest's closing line stays last; speak on failure."""
    for name in (e2e_site.CLUSTER, e2e_site.BARE_CLUSTER):
        asked = module("hack.cluster", "down", "--name", name)
        ended = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            say(f"hack.cluster down ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")


if __name__ == "__main__":
    sys.exit(main())
