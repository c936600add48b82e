"""From raw samples of a few minutes to what each replica did in them. Pure.

All counters of a process are sampled at one moment, so that what rose between its first and its last sample
belongs together. A process whose counters fell, or that was seen once only, tells nothing this time: unlike
a budget, what is learned here can wait for the next minutes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation

from paddle_operator import names
from paddle_operator.sla.learning import Demand, Seen
from paddle_operator.sla.means import Unhurried
from paddle_operator.sla.series import (
    BOUNDARY_LABEL,
    NAME_LABEL,
    OUTCOME_LABEL,
    POD_LABEL,
    REVISION_LABEL,
    Labels,
    Sample,
    Series,
    label,
)

QUEUE = "queue"
STAGE_LABEL = "stage"
NO_WAIT_SECONDS = Decimal("0.0025")
"""Who was taken up by a worker within this time did not wait: a boundary of the runtime's stages."""
_ALL = "+Inf"
_GAUGES = {names.METRIC_WORKERS, names.METRIC_WARM_WORKERS, names.METRIC_LOAD_SECONDS}


@dataclass(frozen=True, slots=True)
class Worked:
    """What one replica did."""

    revision: str
    seen: Seen
    refused: int
    answers: Unhurried
    load_seconds: float
    """All phases of starting, of the slowest worker; 0: not told."""


def worked(series: Iterable[Series], demands: tuple[Demand, ...]) -> tuple[Worked, ...]:
    """Return what each replica did between its first and its last sample; replicas with one sample are left
    out."""
    pods: dict[tuple[str, str], _Pod] = {}
    for one in series:
        key = label(one.labels, REVISION_LABEL), label(one.labels, POD_LABEL)
        if all(key) and one.samples:
            pods.setdefault(key, _Pod()).add(one)
    return tuple(
        pod.worked(revision, demands) for (revision, _), pod in sorted(pods.items()) if pod.seconds > 0
    )


@dataclass
class _Pod:
    """One replica's series, while they are read."""

    first: datetime | None = None
    last: datetime | None = None
    fell: bool = False
    rose: dict[Labels, float] = field(default_factory=dict)
    gauges: dict[Labels, tuple[float, float]] = field(default_factory=dict)

    def add(self, one: Series) -> None:
        """Take in one series: a counter's increase, a gauge's least and greatest value."""
        samples = sorted(one.samples, key=lambda sample: sample.at)
        values = [sample.value for sample in samples if math.isfinite(sample.value)]
        if not values:
            return
        if label(one.labels, NAME_LABEL) in _GAUGES:
            self.gauges[one.labels] = min(values), max(values)
            return
        self.fell = self.fell or len(values) < len(samples) or values != sorted(values)
        self.rose[one.labels] = values[-1] - values[0]
        if label(one.labels, NAME_LABEL) == names.METRIC_BUSY_SECONDS:
            self._lasts(samples)

    def _lasts(self, samples: list[Sample]) -> None:
        self.fell = self.fell or self.first is not None  # scraped by two jobs, all would count twice
        self.first, self.last = samples[0].at, samples[-1].at

    @property
    def seconds(self) -> float:
        """Between the first and the last sample."""
        return (self.last - self.first).total_seconds() if self.first and self.last else 0.0

    def worked(self, revision: str, demands: tuple[Demand, ...]) -> Worked:
        """Put together what the replica did."""
        outcomes = self._by(names.METRIC_REQUESTS, OUTCOME_LABEL)
        good, bad, refused = (int(outcomes.get(name, 0)) for name in ("good", "bad", "refused"))
        within = self._buckets(names.METRIC_DURATION_BUCKETS)
        answers = self._answers(within)
        wanted, _ = self._gauge(names.METRIC_WORKERS)
        warm, _ = self._gauge(names.METRIC_WARM_WORKERS)
        seen = Seen(
            seconds=self.seconds,
            workers=int(wanted),
            busy_seconds=sum(self._by(names.METRIC_BUSY_SECONDS, "").values()),
            offered=good + bad + refused,
            handled=good + bad,
            kept={one.name: _kept(one, good, within) for one in demands},
            waited=answers.waited,
            whole=not self.fell and warm >= wanted and _has(demands, within),
        )
        return Worked(revision, seen, refused, answers, self._load_seconds())

    def _answers(self, within: Mapping[Decimal, int]) -> Unhurried:
        stages = self._buckets(names.METRIC_STAGE_BUCKETS, QUEUE)
        total = within.get(Decimal("Infinity"), 0)
        at_once = stages.get(NO_WAIT_SECONDS, 0)
        listed = tuple(
            (int(boundary * 1000), count)
            for boundary, count in sorted(within.items())
            if boundary.is_finite()
        )
        return Unhurried(total, max(0, total - at_once), listed) if not self.fell else Unhurried(0, 0, ())

    def _load_seconds(self) -> float:
        name = names.METRIC_LOAD_SECONDS
        return sum(high for labels, (_, high) in self.gauges.items() if label(labels, NAME_LABEL) == name)

    def _gauge(self, name: str) -> tuple[float, float]:
        found = (pair for labels, pair in self.gauges.items() if label(labels, NAME_LABEL) == name)
        return next(found, (0.0, 0.0))

    def _by(self, name: str, of: str) -> dict[str, float]:
        sums: dict[str, float] = {}
        for labels, rose in self.rose.items():
            if label(labels, NAME_LABEL) == name:
                value = label(labels, of)
                sums[value] = sums.get(value, 0.0) + rose
        return sums

    def _buckets(self, name: str, stage: str = "") -> dict[Decimal, int]:
        found: dict[Decimal, int] = {}
        for labels, rose in self.rose.items():
            if label(labels, NAME_LABEL) == name and label(labels, STAGE_LABEL) == stage:
                boundary = _seconds(label(labels, BOUNDARY_LABEL))
                if boundary is not None:
                    found[boundary] = int(rose)
        return found


def _kept(demand: Demand, good: int, within: Mapping[Decimal, int]) -> int:
    """Answers that were good for an objective."""
    if demand.threshold_seconds is None:
        return good
    return min(good, within.get(_threshold(demand), 0))


def _has(demands: tuple[Demand, ...], within: Mapping[Decimal, int]) -> bool:
    """Whether the histogram counts what each latency objective asks for."""
    return all(one.threshold_seconds is None or _threshold(one) in within for one in demands)


def _threshold(demand: Demand) -> Decimal:
    return Decimal(round((demand.threshold_seconds or 0) * 1000)) / 1000


def _seconds(boundary: str) -> Decimal | None:
    try:
        seconds = Decimal("Infinity" if boundary == _ALL else boundary)
    except InvalidOperation:
        return None
    return None if seconds.is_nan() else seconds
