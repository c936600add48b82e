"""What was counted, by the caller, and how quick the answers were."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field

BINS_A_FACTOR_OF_E = 50  # a bin is 2 % wide


@dataclass
class Counts:
    """Of requests that arrived in so many seconds. Weighted sums need not be whole.

    in_time: good and within the promise's threshold; in_article_time: within the article's. down_seconds: in
    which fewer than half of what arrived was answered. pod_seconds: of pods that were paid for.
    """

    seconds: float = 0.0
    good: float = 0.0
    bad: float = 0.0
    refused: float = 0.0
    in_time: float = 0.0
    in_article_time: float = 0.0
    latency_sum: float = 0.0
    pod_seconds: float = 0.0
    down_seconds: float = 0.0
    bins: Counter[int] = field(default_factory=Counter)

    @property
    def total(self) -> float:
        """All requests."""
        return self.good + self.bad + self.refused

    def answered(self, latency: float, threshold: float, article_threshold: float) -> None:
        """One good answer; seconds."""
        self.good += 1
        self.in_time += latency <= threshold
        self.in_article_time += latency <= article_threshold
        self.latency_sum += latency
        self.bins[bin_of(latency)] += 1

    def add(self, other: Counts, weight: float = 1.0) -> None:
        """So many times what another one counted."""
        for name in PLAIN:
            setattr(self, name, getattr(self, name) + weight * getattr(other, name))
        for number, count in other.bins.items():
            self.bins[number] += count * weight  # type: ignore[assignment]  # a weighted count

    def mean_latency(self) -> float:
        """Seconds, of good answers."""
        return self.latency_sum / self.good if self.good else 0.0

    def latency(self, share: float) -> float:
        """Seconds that this share of good answers does not exceed, within 2 %."""
        wanted, seen = share * sum(self.bins.values()), 0.0
        for number in sorted(self.bins):
            seen += self.bins[number]
            if seen >= wanted:
                return math.exp((number + 1) / BINS_A_FACTOR_OF_E)
        return 0.0


PLAIN = (
    *("seconds", "good", "bad", "refused", "in_time", "in_article_time"),
    *("latency_sum", "pod_seconds", "down_seconds"),
)


def bin_of(latency: float) -> int:
    """The number of a latency's bin."""
    return math.floor(BINS_A_FACTOR_OF_E * math.log(max(latency, 1e-6)))


@dataclass
class Second:
    """What arrived in one second, and what became of it."""

    arrived: int = 0
    failed: int = 0


@dataclass
class BySecond:
    """Seconds of the clock, rounded down."""

    seconds: defaultdict[int, Second] = field(default_factory=lambda: defaultdict(Second))

    def down_seconds(self) -> int:
        """In which fewer than half of what arrived was answered."""
        return sum(2 * each.failed > each.arrived for each in self.seconds.values())
