"""Alerts on how fast the budget is spent: two windows each, the long one for weight, the short one for now.

Over 30 days, after Google's SRE workbook. Other windows are scaled, so that each rule stands for the same
share of the budget.

    page     14.4 x over 1 h and 5 m      2 % of the budget in an hour
    page      6   x over 6 h and 30 m     5 % in six hours
    ticket    3   x over 1 d and 2 h     10 % in a day
    ticket    1   x over 3 d and 6 h     10 % in three days
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from itertools import takewhile

from paddle_operator.sla.answer import Answer, Value, and_then, together
from paddle_operator.sla.budget import burn_rate
from paddle_operator.sla.cells import Cell
from paddle_operator.sla.outcomes import Tally
from paddle_operator.spec.promise import Sla

SHORTEST_WINDOW = timedelta(minutes=1)
"""Below this a window has too few scrapes to be measured."""


class Severity(StrEnum):
    """Who is told."""

    PAGE = "page"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class BurnRule:
    """An alert: the burn rate exceeds the factor over both windows."""

    severity: Severity
    factor: Fraction
    long: timedelta
    short: timedelta


@dataclass(frozen=True, slots=True)
class MinTraffic:
    """The least traffic that can be judged: so many requests in such a time, more in a longer one."""

    requests: int
    period: timedelta

    def reached(self, requests: int, window: timedelta) -> bool:
        """Tell whether so many requests in the window are enough."""
        return requests > 0 and requests * self.period >= self.requests * window


def least_traffic(sla: Sla) -> MinTraffic:
    """Return what a promise calls the least traffic."""
    return MinTraffic(sla.min_traffic.requests, timedelta(seconds=sla.min_traffic.period_seconds))


class Alarm(StrEnum):
    """What a rule says now."""

    FIRING = "Firing"
    QUIET = "Quiet"
    TOO_LITTLE_TRAFFIC = "TooLittleTraffic"
    """Neither: one failure among few requests says nothing."""


_OVER = timedelta(days=30)
_STANDARD = (
    BurnRule(Severity.PAGE, Fraction("14.4"), timedelta(hours=1), timedelta(minutes=5)),
    BurnRule(Severity.PAGE, Fraction(6), timedelta(hours=6), timedelta(minutes=30)),
    BurnRule(Severity.TICKET, Fraction(3), timedelta(days=1), timedelta(hours=2)),
    BurnRule(Severity.TICKET, Fraction(1), timedelta(days=3), timedelta(hours=6)),
)


def burn_rules(window: timedelta) -> tuple[BurnRule, ...]:
    """Return the rules for a window of this length, most urgent first; windows in whole seconds."""
    return tuple(
        BurnRule(rule.severity, rule.factor, _scaled(rule.long, window), _scaled(rule.short, window))
        for rule in _STANDARD
    )


def window_length(sla: Sla) -> timedelta:
    """Return how long a promise's window is; for a month of the calendar, about."""
    return timedelta(days=sla.window.days)


def base_window(sla: Sla) -> timedelta:
    """Return the shortest window of any of its rules, over which all of them are measured."""
    return min(rule.short for rule in burn_rules(window_length(sla)))


def firing(
    rule: BurnRule, target: Fraction, long: Answer[Tally], short: Answer[Tally], least: MinTraffic
) -> Answer[Alarm]:
    """Decide one rule from what was counted in its two windows.

    The short window must have the traffic. What is no value is passed on: for want of data no alert fires,
    and none is called quiet.
    """

    def decide(tallies: tuple[Tally, ...]) -> Answer[Alarm]:
        if not least.reached(tallies[1].total, rule.short):
            return Value(Alarm.TOO_LITTLE_TRAFFIC)
        rates = [burn_rate(tally, target) for tally in tallies]
        fast = all(rate is not None and rate > rule.factor for rate in rates)
        return Value(Alarm.FIRING if fast else Alarm.QUIET)

    return and_then(together((long, short)), decide)


def burning(
    rules: Iterable[BurnRule], target: Fraction, cells: Iterable[Cell], until: datetime, least: MinTraffic
) -> Alarm:
    """Decide the rules that page somebody from what was counted until a moment.

    A window takes in whole cells, the one that it begins in among them. So it is longer than the rule's by up
    to a cell, and this begins and ends later than the alert by up to as much.
    """
    newest_first = sorted(cells, key=lambda cell: cell.interval, reverse=True)

    def over(window: timedelta) -> Answer[Tally]:
        inside = takewhile(lambda cell: cell.interval.end > until - window, newest_first)
        return Value(sum((tally for cell in inside for tally in cell.by_revision.values()), Tally()))

    said = [
        firing(rule, target, over(rule.long), over(rule.short), least)
        for rule in rules
        if rule.severity is Severity.PAGE
    ]
    if Value(Alarm.FIRING) in said:
        return Alarm.FIRING
    return Alarm.QUIET if Value(Alarm.QUIET) in said else Alarm.TOO_LITTLE_TRAFFIC


def _scaled(of_thirty_days: timedelta, window: timedelta) -> timedelta:
    second = timedelta(seconds=1)
    seconds = of_thirty_days // second * (window // second) // (_OVER // second)
    return max(SHORTEST_WINDOW, timedelta(seconds=seconds))
