"""A look at whoever is to be judged: who it is, since when it is counted, and what the gate says.

What it did while it alone had ready pods, and too few of them, says nothing of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from paddle_operator.plan import KubeObject
from paddle_operator.proving import Places, Proving
from paddle_operator.rollout.gate import memory as gate_memory
from paddle_operator.rollout.gate.judge import Memory as GateMemory
from paddle_operator.rollout.gate.judge import judge
from paddle_operator.rollout.looks import remembered
from paddle_operator.rollout.looks.looked import Looked
from paddle_operator.rollout.looks.looking import Revisions
from paddle_operator.rollout.looks.places import behind, counted_at_gateway, first_counted
from paddle_operator.rollout.looks.recorded import line_of
from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Memory
from paddle_operator.rollout.only_pods import too_few
from paddle_operator.rollout.verdict import Verdict
from paddle_operator.rollout.weighing import present_step
from paddle_operator.sla.answer import NoData
from paddle_operator.spec.report import CountedAt
from paddle_operator.subject import Subject

NOBODY_TO_ASK = "the operator was given no Prometheus: set PADDLE_OPERATOR_PROMETHEUS_URL"
T = TypeVar("T")
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Judged:
    """What one look at a canary came to."""

    gate: str
    counters: str
    known: GateMemory
    """What the gate remembers; `gate` is its text."""
    verdict: Verdict | None
    """None where nobody could be asked."""
    looked: Looked | None
    missing: str = ""
    """Which counts are missing, and why."""
    line: str = ""
    """What `paddle-operator replay` judges again."""


async def judged_now(
    proving: Proving | None, of: Subject, memory: Memory | None, now: datetime
) -> Judged | None:
    """Look at whoever is to be judged; None where nobody is, or the last look was just made."""
    revisions = _who(memory, of)
    if memory is None or revisions is None:
        return None
    if proving is None or of.measured is None:
        return Judged(memory.gate, memory.counters, GateMemory(), None, None, NOBODY_TO_ASK)
    before = _read(remembered.remembered_from, memory.counters, "the counters of a canary are read anew")
    every = timedelta(seconds=of.rollout.analysis.interval_seconds)
    at_gateway = of.routed and counted_at_gateway(of.measured, before)
    places = _places(of.seen.objects) if at_gateway else None
    begins = _first_counted(memory, of) if memory.state is State.STEP and not memory.counters else None
    looked = await proving(of.service, revisions, places, before, now, every=every, begins=begins)
    if looked is None:
        return None
    attempt = memory.attempt
    few = attempt is not None and attempt.too_few  # for some of the time since the last look
    few = few or too_few(memory, of.ready, of.full(memory))
    counted = replace(looked, counts={}) if few else looked
    look = counted.look(present_step(of.rollout, attempt))
    known = _read(gate_memory.memory_from, memory.gate, "the evidence about a canary begins anew")
    after, verdict = judge(of.gate, known or GateMemory(), look)
    counters, missing = ("", "") if few else (remembered.text_of(looked.remembered), looked.missing)
    line = line_of(counted, look, attempt.weight if attempt else 100, verdict, anew=known is None)
    return Judged(gate_memory.text_of(after), counters, after, verdict, looked, missing, line)


def _first_counted(memory: Memory, of: Subject) -> Mapping[CountedAt, datetime]:
    """Return from when on a canary is counted whose looks said nothing of it yet, or until the last one."""
    if memory.looked_at is not None and memory.looked_at > memory.since:
        return dict.fromkeys(CountedAt, memory.looked_at)
    scrape = timedelta(seconds=of.seen.platform.scrape_seconds)
    itself = memory.attempt is not None and memory.counted_of == memory.attempt.canary
    return first_counted(memory.since, scrape, memory.counted_until, itself=itself)


def _who(memory: Memory | None, of: Subject) -> Revisions | None:
    """Return who is to be judged beside whom: nobody is compared with a revision without any ready pod.

    Nor is a canary judged without one, by answers that it did not give.
    """
    if memory is None:
        return None
    attempt, ready = memory.trying, of.ready
    stable = memory.stable if ready.get(memory.stable or "") else None
    if attempt is not None and attempt.weight:
        return Revisions(attempt.canary, stable) if ready.get(attempt.canary) else None
    if memory.state is State.BAKING and stable is not None and memory.previous is not None:
        return Revisions(stable, None)
    return None


def _places(objects: Iterable[KubeObject]) -> Places:
    return next((behind(one) for one in objects if one["kind"] == "HTTPRoute"), NoData("there is no route"))


def _read(reader: Callable[[str], T], text: str, without: str) -> T | None:
    """Read a part of the memory; None where there is none, or it is damaged."""
    try:
        return reader(text) if text else None
    except ValueError as damaged:
        logger.warning("%s: %s", without, damaged)
        return None
