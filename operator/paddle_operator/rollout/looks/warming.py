"""Which answers a pod gave while it warmed up: in the first seconds in which it answered anything.

Not since its process began: a model loads for longer than anything warms up afterwards, and a pod may wait
for its first request.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeAlias

from paddle_operator.sla.counting import Counted, Step
from paddle_operator.sla.series import Labels, Series, target_of

Scrape: TypeAlias = tuple[Labels, datetime]
"""A target, and when it was sampled."""


def warming(requests: Counted, series: Iterable[Series], warm_up: timedelta) -> frozenset[Scrape]:
    """Return the scrapes that saw answers of a process' first seconds, as far as any of them was one."""
    first: dict[Labels, float] = {}
    for one in series:
        if one.samples:
            target = target_of(one.labels)
            first[target] = first.get(target, 0.0) + min(one.samples).value
    steps: dict[Labels, dict[datetime, list[Step]]] = {}
    for labels, its in requests.steps:
        for step in its:
            steps.setdefault(target_of(labels), {}).setdefault(step.at, []).append(step)
    return frozenset(
        (target, at)
        for target, its in steps.items()
        for at in _warming(its, is_new=first.get(target) == 0, warm_up=warm_up)
    )


def _warming(scrapes: dict[datetime, list[Step]], *, is_new: bool, warm_up: timedelta) -> Iterable[datetime]:
    warm_at: datetime | None = None
    for at, steps in sorted(scrapes.items()):
        is_new = is_new or any(step.whole for step in steps)
        since = min(step.since for step in steps)
        if is_new and any(step.increase for step in steps):
            is_new, warm_at = False, since + warm_up
        if warm_at is not None and since < warm_at:
            yield at
