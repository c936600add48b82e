"""The questions as text: which series of which service. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from paddle_operator import names
from paddle_operator.sla.selectors import EVERY_ANSWER, at_boundaries, equal, one_of, selector
from paddle_operator.sla.series import (
    DIGEST_LABEL,
    NAME_LABEL,
    NAMESPACE_LABEL,
    REVISION_LABEL,
    SERVICE_LABEL,
)
from paddle_operator.sla.working import QUEUE, STAGE_LABEL

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Questions:
    """The selectors of all that the counts of a service are made from."""

    requests: str
    durations: str = ""
    """Empty without a latency objective."""
    starts: str = ""
    """Empty where nothing tells when a process began."""


def questions_of(namespace: str, service: str, thresholds_milliseconds: Sequence[int]) -> Questions:
    """Return the questions about a service with latency objectives at these thresholds."""
    of = (namespace, service)
    buckets = durations(*of, thresholds_milliseconds) if thresholds_milliseconds else ""
    return Questions(requests(*of), buckets, starts(*of))


def requests(namespace: str, service: str, revision: str = "") -> str:
    """Return the selector of a service's requests, of all its revisions or of one."""
    return selector(names.METRIC_REQUESTS, *_of(namespace, service, revision))


def durations(
    namespace: str, service: str, thresholds_milliseconds: Iterable[int], revision: str = ""
) -> str:
    """Return the selector of the histogram's buckets at these thresholds.

    The bucket of all good answers is among them: it falls when a histogram begins anew, where a low bucket
    may have risen past its old value before the next scrape.
    """
    at = at_boundaries(thresholds_milliseconds, EVERY_ANSWER)
    return selector(names.METRIC_DURATION_BUCKETS, *_of(namespace, service, revision), at)


def starts(namespace: str, service: str, revision: str = "") -> str:
    """Return the selector of when each process of a service began, in seconds since 1970."""
    return selector(names.METRIC_PROCESS_START, *_of(namespace, service, revision))


def outcomes(
    namespace: str, service: str, revisions: Iterable[str], thresholds_milliseconds: Sequence[int]
) -> str:
    """Return the selector of requests, buckets and starts of these revisions at once.

    One question, because what one scrape told must not come in two answers: the second would have a scrape
    more, and its fast answers would have no requests beside them.
    """
    buckets = (names.METRIC_DURATION_BUCKETS,) if thresholds_milliseconds else ()
    metrics = one_of(NAME_LABEL, (names.METRIC_REQUESTS, *buckets, names.METRIC_PROCESS_START))
    at = at_boundaries(thresholds_milliseconds, EVERY_ANSWER, "")  # requests and starts have no boundary
    of = one_of(REVISION_LABEL, [one.replace(".", "[.]") for one in revisions])
    return selector("", metrics, *_of(namespace, service, ""), of, at)


def digests(namespace: str, service: str) -> str:
    """Return the expression that tells which models each revision serves, by their digests."""
    chosen = selector(names.METRIC_MODEL_INFO, *_of(namespace, service, ""))
    return f"group by ({REVISION_LABEL}, {DIGEST_LABEL}) ({chosen})"


def raw(selected: str, length: timedelta) -> str:
    """Write a selector's samples of the time up to the moment of the question, and of its first moment.

    Older servers count a sample at the very beginning, newer ones do not.
    """
    return over(selected, length + _MILLISECOND)


def at_work(namespace: str, service: str) -> str:
    """Return the selector of everything that tells what a service's replicas do, and how long it takes."""
    metrics = one_of(NAME_LABEL, names.METRICS_OF_WORK)
    stage = one_of(STAGE_LABEL, ["", QUEUE])  # the other stages are many series, and nobody asks for them
    return selector("", metrics, *_of(namespace, service, ""), stage)


def at_moment(selected: str, length: timedelta, at: datetime) -> str:
    """Write a question as whoever asks it later can: the samples until that moment."""
    return f"{raw(selected, length)} @ {at.timestamp():.3f}"


def over(selected: str, length: timedelta) -> str:
    """Write a selector's samples of the time up to the moment of the question, in whole milliseconds."""
    return f"{selected}[{-(-length // _MILLISECOND)}ms]"


def _of(namespace: str, service: str, revision: str) -> tuple[str, ...]:
    found = (equal(NAMESPACE_LABEL, namespace), equal(SERVICE_LABEL, service))
    return (*found, equal(REVISION_LABEL, revision)) if revision else found
