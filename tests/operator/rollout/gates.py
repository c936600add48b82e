"""Gates and looks for tests, in few words."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from paddle_operator.rollout.gate.counts import Counts
from paddle_operator.rollout.gate.judge import Look, Memory, Pair, judge
from paddle_operator.rollout.gate.settings import Gate, Objective
from paddle_operator.rollout.verdict import Verdict


def gate(*targets: str, **settings: Any) -> Gate:
    """A gate with an objective for each target in percent; one of 99 % where none is given."""
    objectives = tuple(
        Objective(f"o{number}", 1 - Fraction(target) / 100)
        for number, target in enumerate(targets or ("99",))
    )
    return Gate(objectives, **settings)


def pair(canary: tuple[int, int] | None, stable: tuple[int, int] | None) -> Pair:
    """Requests and bad ones of both sides."""
    return Pair(Counts(*canary) if canary else None, Counts(*stable) if stable else None)


def look(*pairs: Pair, step: int = 0, alone: bool = False) -> Look:
    """A look at o0, o1 and so on."""
    return Look(step, {f"o{number}": one for number, one in enumerate(pairs)}, alone)


def judged(settings: Gate, looks: Iterable[Look], memory: Memory | None = None) -> tuple[Memory, Verdict]:
    """Go through some looks; the last verdict."""
    memory, verdict = memory or Memory(), None
    for one in looks:
        memory, verdict = judge(settings, memory, one)
    assert verdict is not None, "at least one look"
    return memory, verdict
