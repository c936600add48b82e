"""One look at a canary, for the gate, for the rollout's memory, and for whoever wants to count again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from paddle_operator.rollout.gate.counts import Counts
from paddle_operator.rollout.gate.judge import Look, Pair
from paddle_operator.rollout.looks.looking import Revisions
from paddle_operator.rollout.looks.remembered import Remembered
from paddle_operator.sla.answer import Answer, Value
from paddle_operator.sla.unknown import Unknown
from paddle_operator.spec.report import CountedAt

MOST_UNSEEN = 10
"""More stretches of unknown time are counted, not listed: a status must stay small."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, and what was answered."""

    at: CountedAt
    selector: str
    """The selector of the counters that are read."""
    query: str
    """As Prometheus takes it, with the moment: it gives the same samples as long as they are kept."""
    answer: str
    """Where the counters stood, or why there is no answer."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What both revisions did since the last look, and how that is known."""

    at: datetime
    revisions: Revisions
    counts: Mapping[str, Answer[Pair]]
    """By objective, and of refused requests."""
    asked: tuple[Asked, ...]
    unseen: tuple[Unknown, ...]
    """Time of which a pod cannot tell: what it did then is in no count."""
    early: Mapping[str, int]
    """By revision, requests while a pod warmed up: in no count of a latency objective."""
    remembered: Remembered
    """What the next look goes on from; to be stored with what is decided by this one."""

    def look(self, step: int) -> Look:
        """Return what the gate judges. No value of any of the other three kinds is in it."""
        known = {name: one.value for name, one in self.counts.items() if isinstance(one, Value)}
        return Look(step, known, alone=self.revisions.stable is None)

    @property
    def missing(self) -> str:
        """Which objectives have no counts at this look, and why; empty: all have. No request is a count."""
        found: dict[str, list[str]] = {}
        for name, answer in self.counts.items():
            if not isinstance(answer, Value):
                found.setdefault(why(answer), []).append(name)
        return "; ".join(f"{', '.join(named)}: {told}" for told, named in found.items())

    def document(self) -> dict[str, Any]:
        """Return it as JSON's values: what each revision did, and how that is known."""
        return {
            "alone": self.revisions.stable is None,
            "objectives": {name: _counts(answer) for name, answer in self.counts.items()},
            "look": {
                "canary": self.revisions.canary,
                "stable": self.revisions.stable or "",
                "why": {name: why(one) for name, one in self.counts.items() if not isinstance(one, Value)},
                "asked": [{"at": one.at, "query": one.query, "answer": one.answer} for one in self.asked],
                "unseen": [_unseen(one) for one in self.unseen[:MOST_UNSEEN]],
                "unseenStretches": len(self.unseen),
                "early": dict(self.early),
            },
        }


def why(answer: Answer[Any]) -> str:
    """Say which of the four kinds an answer is, and why it is no value."""
    kind = type(answer).__name__
    return kind if isinstance(answer, Value) else f"{kind}: {answer.why}"


def _counts(answer: Answer[Pair]) -> dict[str, list[int] | None] | None:
    """No data adds no evidence, and is not zero."""
    if not isinstance(answer, Value):
        return None
    return {"canary": _numbers(answer.value.canary), "stable": _numbers(answer.value.stable)}


def _numbers(counts: Counts | None) -> list[int] | None:
    return None if counts is None else [counts.requests, counts.bad]


def _unseen(one: Unknown) -> str:
    seconds = one.interval.length.total_seconds()
    return f"{one.cause} {one.pod or 'all'} {one.interval.start:%Y-%m-%dT%H:%M:%SZ} {seconds:g}s"
