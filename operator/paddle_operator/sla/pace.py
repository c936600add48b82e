"""How often what is counted is really scraped, beside how often the operator was told that they are. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from statistics import median

from paddle_operator.sla.answer import Value
from paddle_operator.sla.counting import Scraping
from paddle_operator.sla.reading import Reading
from paddle_operator.sla.series import Labels, target_of

LEAST_SCRAPES = 8
"""Distances between scrapes that it takes to tell: some are lost, and some come late."""
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Pace:
    """Two intervals that should be one."""

    scraping: Scraping
    seen: timedelta
    """Between two scrapes of a target, in the middle; in whole seconds, at least one."""

    @property
    def slow(self) -> bool:
        """Whether one lost scrape is enough to make time unknown."""
        return 2 * self.seen > self.scraping.longest_gap

    @property
    def blind(self) -> bool:
        """Whether all time is unknown."""
        return self.seen > self.scraping.longest_gap

    @property
    def fast(self) -> bool:
        """Whether a target that is lost is noticed much later than it could be."""
        return 2 * self.seen < self.scraping.interval


def pace(reading: Reading, scraping: Scraping) -> Pace | None:
    """Return how often targets were scraped; None with too few scrapes to say so."""
    times: dict[Labels, set[float]] = {}
    for one in reading.requests.value if isinstance(reading.requests, Value) else ():
        times.setdefault(target_of(one.labels), set()).update(at.timestamp() for at, _ in one.samples)
    gaps = [later - earlier for its in times.values() for earlier, later in pairwise(sorted(its))]
    if len(gaps) < LEAST_SCRAPES:
        return None
    return Pace(scraping, max(_SECOND, timedelta(seconds=round(median(gaps)))))
