"""Looks at two revisions, made one after the other by somebody who remembers nothing but a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from paddle_operator.rollout.gate.counts import Counts
from paddle_operator.rollout.looks.looking import Question, Revisions, Seen, observed_since, seen
from paddle_operator.rollout.looks.remembered import Counters, Remembered, remembered_from, text_of
from paddle_operator.sla.answer import Answer, NoData, Value
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.series import Series
from paddle_operator.spec.promise import Objective
from paddle_operator.spec.report import CountedAt
from tests.operator.sla.counters import SCRAPING, at
from tests.operator.sla.traffic import Pod, reading

UP = Objective.model_validate({"name": "up", "availability": {"targetPercent": "99.9"}})
ERRORS = Objective.model_validate({"name": "errors", "errorRate": {"maxPercent": "0.5"}})
FAST = Objective.model_validate(
    {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 200}}
)
BOTH = Revisions("new", "old")
ASKED = Question(BOTH, (ERRORS, FAST), SCRAPING)
Said = Callable[[Interval, float], Answer[tuple[Series, ...]]]
"""What is answered about a stretch of time by somebody who is asked at this second."""


def told(*pods: Pod) -> Said:
    """Everything that was scraped is there at once."""

    def said(observed: Interval, _: float) -> Answer[tuple[Series, ...]]:
        return together(pods, observed)

    return said


def together(pods: Iterable[Pod], observed: Interval) -> Answer[tuple[Series, ...]]:
    """The answer to one question about requests, buckets and starts."""
    of = reading(pods, observed)
    answers = (of.requests, of.durations, of.starts)
    found = tuple(one for answer in answers if isinstance(answer, Value) for one in answer.value)
    return Value(found) if found else NoData("nothing was scraped")


def begun(second: float = 0) -> Counters:
    return Counters("new old", at(second), at(second))


def looked(
    said: Said, seconds: Iterable[float], question: Question = ASKED, counters: Counters | None = None
) -> list[Seen]:
    """Look at these seconds; each look is made by another process."""
    counters, found = counters or begun(), []
    for second in seconds:
        observed = observed_since(counters, at(second))
        one = seen(question, said(observed, second), observed, counters)
        found.append(one)
        stored = text_of(Remembered(at(second), {CountedAt.RUNTIME: one.counters}))
        counters = remembered_from(stored).sources[CountedAt.RUNTIME]
        assert counters == one.counters
    return found


def total(looks: Iterable[Seen], objective: str) -> dict[str, Counts]:
    """What all looks together counted."""
    found = {"new": Counts(), "old": Counts()}
    for one in looks:
        if isinstance(one.counts[objective], Value):
            canary, stable = counted(one, objective)
            found = {"new": found["new"] + canary, "old": found["old"] + stable}
    return found


def counted(look: Seen, objective: str) -> tuple[Counts, Counts]:
    """What one look counted of the canary and of the stable revision."""
    answer = look.counts[objective]
    assert isinstance(answer, Value), answer
    pair = answer.value
    assert pair.canary is not None
    assert pair.stable is not None
    return pair.canary, pair.stable


def numbers(look: Seen, objective: str) -> tuple[int, int, int, int]:
    """Requests and bad ones of the canary, and of the stable revision."""
    canary, stable = counted(look, objective)
    return canary.requests, canary.bad, stable.requests, stable.bad
