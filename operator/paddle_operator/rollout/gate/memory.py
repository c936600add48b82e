"""The gate's memory as JSON and back, exactly: after a restart a rollout is judged as without one. Pure.

{"version": 2, "objectives": {"errors": {
  "steps": [[300, 1]], "both": {"usual": {"bad": 1, "drift": [-0.8, ...]}, "inIncidents": {...}},
  "judgedLately": [120, 1], "timesJudged": 1, "bothLately": {...}, "timesCompared": 0,
  "proof": [300, 1], "canary": [300, 1], "stable": [5700, 20],
  "trouble": {"lasts": false, "since": [0, 0]}, "excess": -0.05, "shared": false,
  "alone": [0, 0]}}}
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from paddle_operator.rollout.gate.counts import Counts
from paddle_operator.rollout.gate.evidence import TIMES, Comparison
from paddle_operator.rollout.gate.judge import Memory
from paddle_operator.rollout.gate.trail import Both, Trail
from paddle_operator.rollout.gate.trouble import Trouble

_VERSION = 2
_TRAIL = {
    "steps",
    "both",
    "judgedLately",
    "timesJudged",
    "bothLately",
    "timesCompared",
    "proof",
    "canary",
    "stable",
    "trouble",
    "excess",
    "shared",
    "alone",
}


def document_of(memory: Memory) -> dict[str, Any]:
    """Return what JSON can hold: Python writes each float with as many digits as tell it from all others."""
    return {
        "version": _VERSION,
        "objectives": {name: _written(trail) for name, trail in memory.trails.items()},
    }


def memory_of(document: object) -> Memory:
    """Read what document_of wrote; ValueError for anything else."""
    try:
        read = _keys(document, {"version", "objectives"}, "the memory")
        if read["version"] != _VERSION:
            raise ValueError(f"version {read['version']!r} is not {_VERSION}")
        return Memory({str(name): _trail(one, name) for name, one in dict(read["objectives"]).items()})
    except (ValueError, TypeError) as wrong:
        raise ValueError(f"not the memory of a canary gate: {wrong}") from wrong


def text_of(memory: Memory) -> str:
    """Write a memory."""
    return json.dumps(document_of(memory), separators=(",", ":"))


def memory_from(text: str) -> Memory:
    """Read a memory; ValueError for a text that is none."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as wrong:
        raise ValueError(f"not the memory of a canary gate: {wrong}") from wrong
    return memory_of(document)


def _written(trail: Trail) -> dict[str, Any]:
    def pair(counts: Counts) -> list[int]:
        return [counts.requests, counts.bad]

    def sums(comparison: Comparison) -> dict[str, Any]:
        return {"bad": comparison.bad, "drift": list(comparison.drift)}

    def both(beside: Both) -> dict[str, Any]:
        return {"usual": sums(beside.usual), "inIncidents": sums(beside.in_incidents)}

    return {
        "steps": [pair(one) for one in trail.steps],
        "both": both(trail.both),
        "judgedLately": pair(trail.judged_lately),
        "timesJudged": trail.times_judged,
        "bothLately": both(trail.both_lately),
        "timesCompared": trail.times_compared,
        "proof": pair(trail.proof),
        "canary": pair(trail.canary),
        "stable": pair(trail.stable),
        "trouble": {"lasts": trail.trouble.lasts, "since": pair(trail.trouble.since)},
        "excess": trail.excess,
        "shared": trail.shared,
        "alone": pair(trail.alone),
    }


def _trail(read: object, name: str) -> Trail:
    trail = _keys(read, _TRAIL, f"objective {name}")
    trouble = _keys(trail["trouble"], {"lasts", "since"}, f"trouble of {name}")
    found = Trail(
        tuple(_counts(one) for one in trail["steps"]),
        _both(trail["both"], name),
        _counts(trail["judgedLately"]),
        _number(trail["timesJudged"], name),
        _both(trail["bothLately"], name),
        _number(trail["timesCompared"], name),
        _counts(trail["proof"]),
        _counts(trail["canary"]),
        _counts(trail["stable"]),
        Trouble(_truth(trouble["lasts"]), _counts(trouble["since"])),
        _finite(trail["excess"], name),
        _truth(trail["shared"]),
        _counts(trail["alone"]),
    )
    if found.both.usual.bad + found.both.in_incidents.bad != found.canary.bad:
        raise ValueError(f"the bad requests that {name} compares are not those of its canary")
    return found


def _both(read: object, name: str) -> Both:
    beside = _keys(read, {"usual", "inIncidents"}, f"what compares both of {name}")
    return Both(*(_comparison(beside[key], name) for key in ("usual", "inIncidents")))


def _comparison(read: object, name: str) -> Comparison:
    found = _keys(read, {"bad", "drift"}, f"a comparison of {name}")
    bad, drift = _number(found["bad"], name), tuple(found["drift"])
    if len(drift) != len(TIMES) or not all(
        isinstance(one, float) and math.isfinite(one) and one <= 0 for one in drift
    ):
        raise ValueError(f"a drift of {name} must be {len(TIMES)} numbers of 0 or less, is {drift}")
    return Comparison(bad, drift)


def _keys(read: object, expected: set[str], where: str) -> Mapping[str, Any]:
    if not isinstance(read, Mapping) or read.keys() != expected:
        found = ", ".join(map(str, read)) if isinstance(read, Mapping) else repr(read)
        raise ValueError(f"{where} must have {', '.join(sorted(expected))}, and has {found:.200}")
    return read


def _counts(read: Any) -> Counts:
    requests, bad = read
    return Counts(requests, bad)


def _number(read: object, name: str) -> int:
    if type(read) is not int or read < 0:
        raise ValueError(f"a number of {name} must be whole, 0 or more, and is {read!r}")
    return read


def _finite(read: object, name: str) -> float:
    if not isinstance(read, float) or not math.isfinite(read):
        raise ValueError(f"the excess of {name} must be a number with a point, and is {read!r}")
    return read


def _truth(read: object) -> bool:
    if not isinstance(read, bool):
        raise ValueError(f"{read!r} is neither true nor false")
    return read
