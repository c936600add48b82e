"""The three questions about one stretch of time, one after the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from paddle_operator.metrics.queries import Questions
from paddle_operator.sla.answer import Answer, NoData, Value
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.reading import Reading
from paddle_operator.sla.series import Series

Ask: TypeAlias = Callable[[str, Interval], Awaitable[Answer[tuple[Series, ...]]]]
"""Asks for the samples of a selector, as Metrics.series does."""


async def read(ask: Ask, questions: Questions, observed: Interval) -> Reading:
    """Ask one question after the other; where the first has no answer, the others are not asked."""
    nothing = NoData("not asked")
    requests = await ask(questions.requests, observed)
    if not isinstance(requests, Value):
        return Reading(observed, requests, nothing, nothing)
    durations = await ask(questions.durations, observed) if questions.durations else nothing
    return Reading(observed, requests, durations, await ask(questions.starts, observed))
