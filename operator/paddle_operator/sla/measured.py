"""What was measured, for one look: the figures of each objective, and whether they can be had. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction

from paddle_operator.sla.answer import Answer, Failed, Stale, Value
from paddle_operator.sla.budget import Budget, budget, burn_rate
from paddle_operator.sla.burn import (
    Alarm,
    BurnRule,
    MinTraffic,
    burn_rules,
    burning,
    least_traffic,
    window_length,
)
from paddle_operator.sla.cells import Cell, entries, within
from paddle_operator.sla.exclusions import counted_time, exclusions_of
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.measuring import LATEST, Step
from paddle_operator.sla.outcomes import Tally, target_share
from paddle_operator.sla.pace import Pace
from paddle_operator.sla.record import account_of
from paddle_operator.sla.sight import Sight
from paddle_operator.sla.verdict import verdict
from paddle_operator.sla.windows import window_at
from paddle_operator.spec.promise import Objective, Sla, WindowType
from paddle_operator.spec.report import CountedAt
from paddle_operator.spec.sla_report import Verdict

FIGURES_STAY = timedelta(minutes=5)
"""Figures that change no verdict are shown anew so often: each change is a write of the status."""
BURN_OVER = timedelta(hours=1)
LONGEST_AGE = timedelta(minutes=5)
"""A newest sample that is older says nothing about now."""
OUTDATED = 2 * LATEST
"""So long after the last count the figures say nothing about now."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One objective over the window."""

    objective: Objective
    counted_at: CountedAt
    budget: Answer[Budget]
    burn_rate: Fraction | None
    """Over the last hour; None with less traffic than it takes to judge."""
    unknown: timedelta
    """Of the time that is counted for good."""
    since: datetime | None
    """When counting began, inside the window; None where nothing was counted."""
    verdict: Verdict
    """By what was counted in the window, and by what nobody saw of it."""
    alarm: Alarm
    """What the rules say that page somebody, of the time until the last count."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that the status tells about the promise."""

    figures: tuple[Figure, ...]
    window: Interval
    metrics: Answer[datetime]
    """When the last sample was taken, or why that is not known."""
    until: datetime
    """What came later is not in the figures."""
    age: timedelta
    """How long ago that was."""
    behind: bool
    """Much of the window is still to be counted."""
    over: str
    """The window in words."""
    least_requests: int
    """So many it takes to judge an objective."""
    holds_never: bool = False
    """The exclusions leave nothing of the window."""
    paces: Mapping[CountedAt, Pace | None] = field(default_factory=dict)
    """How often each source is scraped that has samples, the pods first; None: not known."""
    holds: bool = False
    """What was said before still holds: nothing newer is known, and nothing says that it is otherwise."""

    def means_what(self, other: Measured) -> bool:
        """Whether the same follows from its figures as from others."""
        return [_meaning(one) for one in self.figures] == [_meaning(one) for one in other.figures]

    @property
    def least_budget(self) -> tuple[str, Fraction] | None:
        """The objective of whose budget the least is left, and how many percent; None where that is not
        known of any."""
        known = [
            (one.budget.value.remaining_share * 100, one.objective.name)
            for one in self.figures
            if isinstance(one.budget, Value)
        ]
        least, name = min(known, key=lambda one: one[0], default=(None, ""))
        return (name, least) if least is not None else None

    @property
    def outdated(self) -> bool:
        """Whether the figures are too old to say anything about now."""
        return self.age > OUTDATED

    @property
    def burns_fast(self) -> bool:
        """Whether the budget of any objective burns so fast now that somebody is paged."""
        firing = any(one.alarm is Alarm.FIRING for one in self.figures)
        return firing and self.age <= LONGEST_AGE


def _meaning(figure: Figure) -> tuple[Objective, CountedAt, bool, Verdict, bool, bool, bool]:
    """What is decided by a figure, and which of its parts are there at all."""
    return (
        figure.objective,
        figure.counted_at,
        isinstance(figure.budget, Value),
        figure.verdict,
        figure.since is None,
        figure.burn_rate is None,
        figure.alarm is Alarm.FIRING,
    )


def window_of(sla: Sla, now: datetime) -> Interval:
    """Return the time that the promise is about."""
    return window_at(sla.window, now)


def borders_of(sla: Sla, now: datetime) -> tuple[datetime, ...]:
    """Return the moments that no cell may lie on both sides of: a rolling window has none."""
    return (window_of(sla, now).start,) if sla.window.type is WindowType.CALENDAR else ()


def _over(sla: Sla) -> str:
    if sla.window.type is WindowType.CALENDAR:
        return f"this month ({sla.window.zone_name})"
    return f"the last {sla.window.days} days"


def measured(sla: Sla, steps: Mapping[CountedAt, Step], now: datetime) -> Measured:
    """Judge what was counted at each source; the runtime is always among them."""
    window, least = window_of(sla, now), least_traffic(sla)
    rules = burn_rules(window_length(sla))
    figures = tuple(_figure(one, steps, window, least, rules) for one in sla.objectives)
    until = min(_until(steps[at]) for at in {one.counted_at for one in figures})
    return Measured(
        figures=figures,
        window=window,
        metrics=_unless_stale(_metrics(steps), now),
        until=until,
        age=now - until,
        behind=any(step.behind for step in steps.values()),
        over=_over(sla),
        least_requests=least.requests,
        holds_never=_holds_never(sla, window, figures),
        paces={
            at: steps[at].pace
            for at in CountedAt
            if at is CountedAt.RUNTIME or (at in steps and isinstance(steps[at].metrics, Value))
        },
    )


def _holds_never(sla: Sla, window: Interval, figures: Iterable[Figure]) -> bool:
    """Look only where nothing was counted: schedules of a whole window are many moments."""
    silent = all(one.verdict is Verdict.NOT_MEASURED for one in figures)
    return silent and bool(sla.exclusions) and not counted_time(window, exclusions_of(sla)).parts


def counted_at(
    objective: Objective, steps: Mapping[CountedAt, Step], window: Interval, least: MinTraffic
) -> CountedAt:
    """Return the source that an objective is judged by.

    Availability is judged at the gateway as soon as anything is known of it there, and from then on: an
    account goes on through times in which nothing is known, so no figure changes its source in an outage.
    It is judged by golden requests while callers send less than it takes to judge, over all of the window
    that is counted: an outage of an hour makes no busy service a quiet one.
    """
    if objective.availability is None:
        return CountedAt.RUNTIME
    account = account_of(objective)
    callers = CountedAt.GATEWAY if _tells(steps.get(CountedAt.GATEWAY), account) else CountedAt.RUNTIME
    synthetic = steps.get(CountedAt.SYNTHETIC)
    if synthetic is None or not _inside(synthetic, account, window):
        return callers
    came = _inside(steps[callers], account, window)
    requests = sum(cell.requests for cell in came)
    over = came[-1].interval.end - came[0].interval.start if came else timedelta()
    return callers if least.reached(requests, over) else CountedAt.SYNTHETIC


def _tells(gateway: Step | None, account: str) -> bool:
    """Whether anything is known at the gateway, or was."""
    if gateway is None:
        return False
    newest = gateway.open.get(account)
    begins = newest is not None and newest.unknown < newest.interval.length
    return bool(gateway.record.accounts.get(account)) or begins


def _inside(step: Step, account: str, window: Interval) -> tuple[Cell, ...]:
    """Return what was counted in the window, the newest cell that may still change among it."""
    kept = within(step.record.accounts.get(account, ()), window)
    newest = step.open.get(account)
    return (*kept, newest) if newest is not None and (kept or newest.requests) else kept


def _until(step: Step) -> datetime:
    return max((one.interval.end for one in step.open.values()), default=step.record.until)


def _metrics(steps: Mapping[CountedAt, Step]) -> Answer[datetime]:
    """Tell of the pods' samples, unless something is wrong with those of another source."""
    runtime = steps[CountedAt.RUNTIME].metrics
    every: Iterable[Answer[datetime]] = (runtime, *(step.metrics for step in steps.values()))
    return next((one for one in every if isinstance(one, Failed)), runtime)


def _figure(
    objective: Objective,
    steps: Mapping[CountedAt, Step],
    window: Interval,
    least: MinTraffic,
    rules: tuple[BurnRule, ...],
) -> Figure:
    """Judge one objective: a window by the least number of requests, an hour at its rate."""
    at, account = counted_at(objective, steps, window, least), account_of(objective)
    step = steps[at]
    kept = within(step.record.accounts.get(account, ()), window)
    inside = _inside(step, account, window)
    until = _until(step)
    lately = (one for one in inside if one.interval.start >= until - BURN_OVER)
    last_hour = sum((tally for one in lately for tally in one.by_revision.values()), Tally())
    target = target_share(objective)
    counted = inside[-1].interval.end - inside[0].interval.start if inside else timedelta()
    sight = Sight.of(((one.interval, one.unknown) for one in kept), counted, window.length)
    spent = budget(target, entries(inside))
    return Figure(
        objective,
        at,
        spent,
        burn_rate(last_hour, target) if least.reached(last_hour.total, BURN_OVER) else None,
        sum((one.unknown for one in kept), timedelta()),
        inside[0].interval.start if inside else None,
        verdict(spent.value, least, sight) if isinstance(spent, Value) else Verdict.NOT_MEASURED,
        burning(rules, target, inside, until, least),
    )


def _unless_stale(newest: Answer[datetime], now: datetime) -> Answer[datetime]:
    if isinstance(newest, Value) and now - newest.value > LONGEST_AGE:
        return Stale(newest.value, f"the last sample was taken at {newest.value:%Y-%m-%d %H:%M:%S} UTC")
    return newest
