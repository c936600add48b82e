"""What a sweep is told as: a table of faults, each violation, then what was not reached."""

from __future__ import annotations

from collections.abc import Iterator

from sweep.rounds import Sweep, Verdict


def report(found: Sweep) -> str:
    """The whole of it, as text."""
    return "\n".join(_lines(found))


def _lines(found: Sweep) -> Iterator[str]:
    yield f"{len(found.points)} writes: " + ", ".join(f"{n} {what}" for what, n in found.counts.items())
    yield f"{'':24} {'runs':>5} {'not reached':>12} {'violating':>10} {'seconds':>8}"
    by_kind: dict[str, list[Verdict]] = {}
    for one in found.verdicts:
        by_kind.setdefault(one.trial.strike.fault if one.trial.strike else str(one.trial), []).append(one)
    for kind, some in by_kind.items():
        missed, bad = sum(not one.reached for one in some), sum(bool(one.violations) for one in some)
        yield f"{kind:24} {len(some):5} {missed:12} {bad:10} {sum(one.seconds for one in some):8.0f}"
    yield from found.violations
    yield from (f"{one}: not reached" for one in found.not_reached)
