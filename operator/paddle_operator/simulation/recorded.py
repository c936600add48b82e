"""Recorded counts, judged again: from JSON lines to what the gate says of each, with what follows from it.

    {"t": 15, "step_weight": 5, "objectives": {"errors": {"canary": [15, 0], "stable": [285, 1]}}}

The counts of a line are those since the line before; null where nothing is known. What a line may have more:

    "alone": true   the stable revision had no ready pod
    "step": 2       the step, where the weight does not tell: a first one may be raised to another's
    "anew": true    what was counted before is of another attempt, or lost
    "look": {}      what the operator's log says of it; nothing is judged by it
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from paddle_operator.rollout.gate.counts import Counts
from paddle_operator.rollout.gate.judge import Look, Memory, Pair, judge
from paddle_operator.rollout.gate.settings import Gate
from paddle_operator.rollout.verdict import Evidence, Verdict
from paddle_operator.simulation.driver import Recorded, after
from paddle_operator.spec.rollout import Rollout, Step

LINE = (
    '{"t": SECONDS, "step_weight": PERCENT, "objectives": {NAME: {"canary": [REQUESTS, BAD], "stable": ...}}}'
)
_SIDES = {"canary", "stable"}
_MUST_HAVE = {"t", "step_weight", "objectives"}
_MAY_HAVE = {"alone", "step", "anew", "look"}
_MOST_DIGITS = 18
_LONGEST = 1e10
"""Seconds, as many as are in 300 years: also a time since 1970 is less."""


class LineInvalid(ValueError):
    """A line that is no recorded counts; says which line, what is wrong, and what to do."""

    def __init__(self, number: int, wrong: str) -> None:
        super().__init__(f"line {number}: {wrong}")


@dataclass(frozen=True, slots=True)
class _Line:
    seconds: float
    weight: int
    objectives: dict[str, Pair]
    alone: bool
    step: int | None
    """By its index from 0; None: the weight tells."""
    anew: bool


def replayed(gate: Gate, rollout: Rollout, lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield what the gate says at each line; LineInvalid for one that cannot be read or not be.

    A rollout that was rolled back or promoted is judged on, as far as lines go on.
    """
    known, before = Memory(), None
    canary: Recorded | None = None
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        line = _read(number, text)
        if before is not None and line.seconds <= before:
            raise LineInvalid(
                number,
                f"t is {line.seconds!r} after {before!r}: it must grow from line to line; sort them, and "
                "take those of one rollout, each once",
            )
        since = line.seconds - rollout.analysis.interval_seconds if before is None else before
        before, step = line.seconds, _step(rollout.steps, line)
        known = Memory() if line.anew else known
        if canary is None or canary.attempt.step != step or line.anew:
            canary = Recorded.in_step(step, line.weight, after(since))
        try:
            known, verdict = judge(gate, known, Look(step, line.objectives, line.alone))
        except ValueError as wrong:
            raise LineInvalid(number, str(wrong)) from wrong
        canary, action = canary.look(rollout, verdict, after(line.seconds))
        yield {
            "t": line.seconds,
            "stepWeight": line.weight,
            "step": step + 1,
            "stepSeconds": canary.attempt.running_seconds,
            "action": action.value,
            **_said(gate, verdict),
        }


def _step(steps: Sequence[Step], line: _Line) -> int:
    """Return the step that a line is of: the last one also where there were more, as in a rollout. A weight
    between two steps is that of a first step which was raised, so that its proof came into reach."""
    if line.step is not None:
        return min(line.step, len(steps) - 1)
    return max(0, bisect_right([step.weight for step in steps], line.weight) - 1)


def _read(number: int, text: str) -> _Line:
    try:
        read = json.loads(text, parse_constant=_no_constant, parse_int=_whole, object_pairs_hook=_once)
        if not isinstance(read, dict):
            raise ValueError(f"it must be {LINE}")
        if odd := sorted((read.keys() - _MAY_HAVE) ^ _MUST_HAVE):
            how = "has no" if odd[0] in _MUST_HAVE else "may not have"
            raise ValueError(f"it {how} {odd[0]!r:.60}: it must be {LINE}")
        seconds, weight = read["t"], read["step_weight"]
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not abs(seconds) < _LONGEST:
            raise ValueError(f"t must be seconds, is {seconds!r}")
        if type(weight) is not int or not 0 <= weight <= 100:
            raise ValueError(f"step_weight must be a whole percentage from 0 to 100, is {weight!r}")
        if not isinstance(read["objectives"], dict):
            raise ValueError(f"objectives must be an object by name, is {read['objectives']!r}")
        step = read.get("step")
        if step is not None and (type(step) is not int or step < 1):
            raise ValueError(f"step must be a whole number, 1 or more, is {step!r}")
        pairs = {name: _pair(name, one) for name, one in read["objectives"].items()}
        index = None if step is None else step - 1
        return _Line(seconds, weight, pairs, _truth(read, "alone"), index, _truth(read, "anew"))
    except json.JSONDecodeError as wrong:
        raise LineInvalid(number, f"not JSON ({wrong}): it must be {LINE}") from wrong
    except RecursionError as wrong:
        raise LineInvalid(number, f"it is nested too deeply: it must be {LINE}") from wrong
    except ValueError as wrong:
        raise LineInvalid(number, str(wrong)) from wrong


def _truth(read: dict[str, Any], name: str) -> bool:
    if not isinstance(found := read.get(name, False), bool):
        raise ValueError(f"{name} must be true or false, is {found!r}")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number: write null where nothing is known")


def _whole(digits: str) -> int:
    if len(digits.lstrip("-")) > _MOST_DIGITS:
        raise ValueError(f"{digits[:_MOST_DIGITS]}... is too large a number: {_MOST_DIGITS} digits at most")
    return int(digits)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, of which JSON's reader would take the last of two values."""
    read = dict(pairs)
    if len(read) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r:.60} is there twice: each name once")
    return read


def _pair(name: str, read: object) -> Pair:
    if read is None:
        return Pair(None, None)
    if not isinstance(read, dict) or read.keys() != _SIDES:
        raise ValueError(f"objective {name} must have canary and stable, each [REQUESTS, BAD] or null")
    return Pair(_counts(name, read["canary"]), _counts(name, read["stable"]))


def _counts(name: str, read: object) -> Counts | None:
    if read is None:
        return None
    if not isinstance(read, list) or len(read) != 2:
        raise ValueError(f"objective {name}: counts must be [REQUESTS, BAD] or null, are {read!r:.60}")
    try:
        return Counts(*read)
    except ValueError as wrong:
        raise ValueError(f"objective {name}: {wrong}") from wrong


def _said(gate: Gate, verdict: Verdict) -> dict[str, Any]:
    return {
        "finding": verdict.finding.value,
        "stepPasses": verdict.step_passes,
        "proven": verdict.proven,
        "thresholds": {"against": float(gate.against), "proof": float(gate.proven)},
        "objectives": [_evidence(one) for one in verdict.objectives],
    }


def _evidence(one: Evidence) -> dict[str, Any]:
    return {
        "name": one.objective,
        "finding": one.finding.value,
        "canary": [one.canary_requests, one.canary_bad],
        "stable": [one.stable_requests, one.stable_bad],
        "step": [one.step_requests, one.step_bad],
        "absolute": one.absolute,
        "relative": one.relative,
        "proof": one.proof,
        "compared": one.compared,
    }
