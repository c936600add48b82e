"""From what was counted to what is published: the operator's own arithmetic of budgets, and a timeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from benchmarks.article.counts import Counts
from benchmarks.article.load_shape import HOUR
from benchmarks.article.quarter import Quarter
from benchmarks.article.simulation import Outcome
from paddle_operator.sla.answer import Value
from paddle_operator.sla.budget import Budget, Entry, budget, burn_rate
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.outcomes import Outcomes, Tally, target_share
from paddle_operator.spec.promise import Objective

START = datetime(2026, 1, 1, tzinfo=UTC)
WINDOW_DAYS = 30
STEP_SECONDS = 10
Counting = Callable[[Counts], Tally]


def objectives(threshold_ms: int) -> tuple[Objective, ...]:
    """What is promised."""
    written: tuple[dict[str, Any], ...] = (
        {"name": "availability", "availability": {"targetPercent": "99.9"}},
        {"name": "latency", "latency": {"percentile": "95", "thresholdMilliseconds": threshold_ms}},
        {"name": "errors", "errorRate": {"maxPercent": "0.5"}},
    )
    return tuple(Objective.model_validate(one) for one in written)


def quarter_figures(quarter: Quarter, threshold_ms: int) -> dict[str, Any]:
    """Everything that a row shows."""
    total = quarter.total
    return {
        "requests": round(total.total),
        "good": round(total.good),
        "bad": round(total.bad),
        "refused": round(total.refused),
        "answered_percent": 100 * total.good / total.total,
        "in_article_time_percent": 100 * total.in_article_time / total.total,
        "mean_ms": 1000 * total.mean_latency(),
        **{f"p{share}_ms": 1000 * total.latency(share / 100) for share in (50, 95, 99)},
        "down_minutes": total.down_seconds / 60,
        "replica_hours": total.pod_seconds / HOUR,
        "objectives": {
            objective.name: promised(objective, quarter.hours) for objective in objectives(threshold_ms)
        },
    }


def promised(objective: Objective, hours: Sequence[Counts]) -> dict[str, float]:
    """One objective over the quarter, and in its worst 30 days and its worst hour."""
    target, tallies = target_share(objective), [tally(objective, counts) for counts in hours]
    whole = spent(target, 0, tallies)
    days = [sum(tallies[day : day + 24], Tally()) for day in range(0, len(tallies), 24)]
    months = [
        spent(target, first, days[first : first + WINDOW_DAYS], hours=24)
        for first in range(max(1, len(days) - WINDOW_DAYS + 1))
    ]
    burns = [burn for each in tallies if (burn := burn_rate(each, target)) is not None]
    return {
        "target_percent": float(100 * target),
        "attained_percent": float(100 * whole.attained),
        "worst_30_days_budget_left_percent": float(100 * min(each.remaining_share for each in months)),
        "worst_hour_burn_rate": float(max(burns)),
    }


def spent(target: Fraction, first: int, tallies: Sequence[Tally], hours: int = 1) -> Budget:
    """The budget over tallies that follow each other, of so many hours each."""
    entries = (
        Entry(
            Interval(
                START + timedelta(hours=hours * (first + place)),
                START + timedelta(hours=hours * (first + place + 1)),
            ),
            "simulated",
            each,
        )
        for place, each in enumerate(tallies)
    )
    found = budget(target, entries)
    if not isinstance(found, Value):
        raise ValueError(f"no budget: {found}")
    return found.value


def tally(objective: Objective, counts: Counts) -> Tally:
    """An hour in whole requests, as the objective counts them."""
    outcomes = Outcomes(round(counts.good), round(counts.bad), round(counts.refused)).tally
    if objective.latency is None:
        return outcomes
    in_time = min(round(counts.in_time), outcomes.total)
    return Tally(in_time, outcomes.total - in_time)


def timeline(burst: Outcome, begin: float) -> dict[str, Any]:
    """The burst in steps: what arrived a second, what of it was not answered, how many pods were ready."""
    seconds = {second - int(begin): each for second, each in burst.by_second.seconds.items()}
    steps = range(0, (max(seconds, default=0) // STEP_SECONDS) * STEP_SECONDS, STEP_SECONDS)

    def a_second(of: Callable[[int], int], step: int) -> float:
        return sum(of(second) for second in range(step, step + STEP_SECONDS)) / STEP_SECONDS

    return {
        "step_seconds": STEP_SECONDS,
        "arrived_a_second": [
            a_second(lambda s: seconds[s].arrived if s in seconds else 0, step) for step in steps
        ],
        "failed_a_second": [
            a_second(lambda s: seconds[s].failed if s in seconds else 0, step) for step in steps
        ],
        "pods": [ready_at(burst.pods, begin + step) for step in steps],
    }


def ready_at(changes: Sequence[tuple[float, int]], at: float) -> int:
    """How many pods were ready at that time."""
    before = [count for when, count in changes if when <= at]
    return before[-1] if before else 0


def burst_figures(burst: Outcome, begin: float) -> Mapping[str, float]:
    """The first minutes of the holiday."""
    counts = burst.counts
    failing = [second for second, each in burst.by_second.seconds.items() if each.failed]
    return {
        "requests": counts.total,
        "refused": counts.refused,
        "bad": counts.bad,
        "p95_ms": 1000 * counts.latency(0.95),
        "last_failure_after_seconds": max(failing) - int(begin) if failing else 0,
    }
