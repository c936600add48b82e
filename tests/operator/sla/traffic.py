"""What really happened to pods, request by request; what a scrape sees of it; and what a report must say."""

from __future__ import annotations

import functools
import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from paddle_operator.sla.answer import Answer, NoData, Value
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.outcomes import Tally
from paddle_operator.sla.reading import Reading
from paddle_operator.sla.series import Sample, Series
from tests.operator.sla.counters import NOON, at

CODES = {"good": "200", "bad": "500", "refused": "503", "invalid": "400"}
REQUESTS = "paddle_runtime_requests_total"
BUCKET = "paddle_runtime_request_duration_seconds_bucket"
STARTED = "process_start_time_seconds"
MODEL = "paddle_runtime_model_info"
THRESHOLD = "0.2"


@dataclass(frozen=True)
class Event:
    """A request that ended, in seconds after the beginning, never at the moment of a scrape."""

    at: float
    outcome: str = "good"
    fast: bool = True


@dataclass(frozen=True)
class Pod:
    """A pod's life in seconds after the beginning: its processes, its requests, and when it was scraped."""

    name: str
    revision: str
    lives: tuple[int, ...]
    """When each of its processes began."""
    scrapes: tuple[int, ...]
    events: tuple[Event, ...]
    """In order of time."""
    job: str = ""
    """Who scrapes it, where several do."""

    def seen(self) -> Iterator[tuple[int, Event]]:
        """Each request that a scrape saw, with the moment of that: the others nobody can know of."""
        for event in self.events:
            place = bisect_right(self.scrapes, event.at)
            if place < len(self.scrapes):
                scrape = self.scrapes[place]
                if not any(event.at <= life <= scrape for life in self.lives):
                    yield scrape, event

    def series(self) -> Iterator[tuple[dict[str, str], list[float]]]:
        """Every counter of it, with its value at each scrape."""
        own = {"namespace": "prod", "service": "calm", "revision": self.revision, "pod": self.name}
        own |= {"job": self.job} if self.job else {}
        for outcome, code in CODES.items():
            labels = {"__name__": REQUESTS, "outcome": outcome, "code": code, **own}
            yield labels, self._scraped(event for event in self.events if event.outcome == outcome)
        good = [event for event in self.events if event.outcome == "good"]
        for boundary, within in ((THRESHOLD, [event for event in good if event.fast]), ("+Inf", good)):
            yield {"__name__": BUCKET, "le": boundary, **own}, self._scraped(within)
        yield {"__name__": STARTED, **own}, [NOON.timestamp() + self._life(scrape) for scrape in self.scrapes]

    def model(self) -> tuple[dict[str, str], list[float]]:
        """The gauge that says what it serves."""
        own = {"namespace": "prod", "service": "calm", "revision": self.revision, "pod": self.name}
        return {"__name__": MODEL, "digest": digest_of(self.revision), **own}, [1.0] * len(self.scrapes)

    def _scraped(self, counted: Iterable[Event]) -> list[float]:
        moments = [event.at for event in counted]
        return [
            float(bisect_left(moments, scrape) - bisect_right(moments, self._life(scrape)))
            for scrape in self.scrapes
        ]

    def _life(self, second: int) -> int:
        return self.lives[bisect_right(self.lives, second) - 1]


def digest_of(revision: str) -> str:
    """The model that a revision serves."""
    return "sha256:" + hashlib.sha256(revision.encode()).hexdigest()


@functools.lru_cache(maxsize=64)
def _sampled(pod: Pod) -> tuple[tuple[dict[str, str], tuple[Sample, ...]], ...]:
    moments = [at(second) for second in pod.scrapes]
    return tuple((labels, tuple(map(Sample, moments, values))) for labels, values in pod.series())


def reading(pods: Iterable[Pod], observed: Interval) -> Reading:
    """What the metrics say of a stretch of time."""
    pods = tuple(pods)

    def of(name: str) -> Answer[tuple[Series, ...]]:
        made = []
        for pod in pods:
            for labels, samples in _sampled(pod):
                first, end = (bisect_left(samples, (moment,)) for moment in (observed.start, observed.end))
                if labels["__name__"] == name and first < end:
                    made.append(Series(frozenset(labels.items()), samples[first:end]))
        return Value(tuple(made)) if made else NoData(f"nothing of {name}")

    return Reading(observed, of(REQUESTS), of(BUCKET), of(STARTED))


def past(pods: Iterable[Pod]) -> dict[str, list[tuple[float, float]]]:
    """Everything that was scraped: by series, as Prometheus writes it, the times in seconds since 1970."""
    found = {}
    for pod in pods:
        for labels, values in (*pod.series(), pod.model()):
            inner = ",".join(f'{key}="{value}"' for key, value in labels.items() if key != "__name__")
            moments = (NOON.timestamp() + second for second in pod.scrapes)
            found[f"{labels['__name__']}{{{inner}}}"] = list(zip(moments, values, strict=True))
    return found


def truth(pods: Iterable[Pod], *, latency: bool, during: Interval | None = None) -> dict[str, Tally]:
    """Good and bad requests by revision, of those that were seen, counted one by one."""
    found: dict[str, Tally] = {}
    for pod in pods:
        for scrape, event in pod.seen():
            if event.outcome == "invalid" or (during is not None and at(scrape) not in during):
                continue
            good = event.outcome == "good" and (event.fast or not latency)
            found[pod.revision] = found.get(pod.revision, Tally()) + Tally(int(good), int(not good))
    return found


def every(step: float, start: float, end: float, **event: object) -> tuple[Event, ...]:
    """Requests at equal distances."""
    count = int((end - start) / step)
    return tuple(Event(start + place * step, **event) for place in range(count))  # type: ignore[arg-type]


def ordered(*some: tuple[Event, ...]) -> tuple[Event, ...]:
    """All of these requests in order of time."""
    return tuple(sorted((event for events in some for event in events), key=lambda event: event.at))


def scrapes(start: int, end: int, step: int = 15, lost: Iterable[tuple[int, int]] = ()) -> tuple[int, ...]:
    """The moments of a pod's scrapes, without those that were lost."""
    gaps = tuple(lost)
    return tuple(second for second in range(start, end, step) if not any(a <= second < b for a, b in gaps))
