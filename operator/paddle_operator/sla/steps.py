"""How finely a report looks: steps for incidents, and coarser ones for its timeline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from paddle_operator.sla.counting import Scraping
from paddle_operator.spec.sla_report import MAX_STEPS

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_NICE = (
    *(MINUTE * minutes for minutes in (1, 5, 10, 15, 30)),
    *(HOUR * hours for hours in (1, 2, 3, 6, 12)),
    *(DAY * days for days in (1, 2, 4, 8)),
)
"""Each holds the ones before it without a rest, or is at most five minutes."""
_FINEST = 5 * MINUTE
_LEAST_SCRAPES = 4
"""Scrapes in a step: with fewer, a late one makes an empty step."""
_MOST_FINE = 10_000
"""Fine steps of a period: they are all in memory."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Lengths of steps of time; the coarse one is a multiple of the fine one."""

    fine: timedelta
    coarse: timedelta


def steps_of(length: timedelta, scraping: Scraping) -> Steps:
    """Return the steps for a period: five minutes up to a month, less for a short one, more for a long one,
    never finer than can be seen."""
    bound = max(_LEAST_SCRAPES * scraping.interval, length / _MOST_FINE)
    least = next((step for step in _NICE if step >= bound), _NICE[-1])
    coarse = next((step for step in _NICE if step * MAX_STEPS >= length), _NICE[-1])
    fine = max(least, min(coarse, _FINEST))
    return Steps(fine, -(-max(coarse, fine) // fine) * fine)
