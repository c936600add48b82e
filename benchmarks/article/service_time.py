"""How long a request keeps a worker: a distribution through quantiles that were measured. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class ServiceTime:
    """Straight lines between knots: (share of requests, seconds that it needs at most), from 0 to 1."""

    knots: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        shares, seconds = zip(*self.knots, strict=True)
        if shares[0] != 0 or shares[-1] != 1 or any(a >= b for a, b in pairwise(shares)):
            raise ValueError(f"shares must rise from 0 to 1, and are {shares}")
        if seconds[0] < 0 or any(a > b for a, b in pairwise(seconds)):
            raise ValueError(f"seconds must not fall, and are {seconds}")

    def at(self, share: float) -> float:
        """Seconds that this share of requests does not exceed; of a uniform random number: one request's."""
        after = max(1, bisect_left(self.knots, (share,)))
        (low, least), (high, most) = self.knots[after - 1], self.knots[min(after, len(self.knots) - 1)]
        return least if high == low else least + (most - least) * (share - low) / (high - low)

    @property
    def mean(self) -> float:
        """Seconds on average."""
        return sum((high - low) * (a + b) / 2 for (low, a), (high, b) in pairwise(self.knots))

    @property
    def mean_square(self) -> float:
        """Seconds squared, on average."""
        return sum((high - low) * (a * a + a * b + b * b) / 3 for (low, a), (high, b) in pairwise(self.knots))

    def scaled(self, factor: float) -> ServiceTime:
        """All of them so many times as long."""
        return ServiceTime(tuple((share, seconds * factor) for share, seconds in self.knots))


def through(quantiles: Mapping[float, float], mean: float) -> ServiceTime:
    """The distribution through these quantiles (share to seconds, 1 among them) with this mean.

    The least time was not measured: it is what gives the mean, where such a one exists between 0 and the
    first quantile. What is still missing to the mean comes from scaling all.
    """
    known = sorted(quantiles.items())
    first_share, first = known[0]
    rest = sum((high - low) * (a + b) / 2 for (low, a), (high, b) in pairwise(known))
    least = min(max(2 * (mean - rest) / first_share - first, 0.0), first)
    found = ServiceTime(((0.0, least), *known))
    return found.scaled(mean / found.mean)
