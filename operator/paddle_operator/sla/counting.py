"""From raw samples of counters to whole numbers: how much was counted, when it was seen, and what nobody saw.

Prometheus' rate() and increase() are not used. They extrapolate to the borders of the range, so that 3
failures become 3.21, two ranges side by side do not add up to their union, and a series that begins at 1 has
not increased. A budget needs numbers that somebody can count again. Here

- what lies between two samples belongs to the moment of the later one, where it was seen. So each count lies
  in exactly one of any intervals side by side, and their counts add up;
- the counters of a target are walked together: when one of them falls, or the target's start time says so,
  the process began anew, and all of them count from 0 again, also one that is already higher than before, or
  that is seen again only later;
- a series that appears counts whole when its target is known to have begun inside the observation. Otherwise
  its first sample is a baseline;
- what may have been counted unseen is no number but time: `Unknown`, with its cause.

One thing leaves no trace: a process without a start time that restarts between two scrapes and passes all its
old values before the second.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from paddle_operator.sla.answer import Answer, Failed, NoData, Stale, Value
from paddle_operator.sla.intervals import Interval, Spans, utc
from paddle_operator.sla.series import (
    NAME_LABEL,
    POD_LABEL,
    Labels,
    Restart,
    Series,
    label,
    series_text,
    target_of,
)
from paddle_operator.sla.unknown import Cause, Unknown

_EXACT = 2**53  # the largest number up to which a float holds every whole one


@dataclass(frozen=True, slots=True)
class Scraping:
    """How often a target is sampled."""

    interval: timedelta
    tolerance: float = 2.5
    """After this many intervals without a sample the time between is unknown: one lost scrape is none."""

    @property
    def longest_gap(self) -> timedelta:
        """The longest time between two samples that leaves nothing unknown."""
        return self.interval * self.tolerance


class Step(NamedTuple):
    """What was counted between two samples of a series, and seen at the later one."""

    since: datetime
    at: datetime
    increase: int
    whole: bool
    """Counted from 0, as after a start or a reset."""


@dataclass(frozen=True, slots=True)
class Counted:
    """All that an observation of one metric tells."""

    steps: tuple[tuple[Labels, tuple[Step, ...]], ...]
    """By series, in order of time."""
    unknown: tuple[Unknown, ...]
    newest: datetime
    """Time of the last sample."""

    def total(self, within: Spans) -> int:
        """Return the sum over all series of what was seen within."""
        return sum(step.increase for _, steps in self.steps for step in steps if step.at in within)


def count(series: Iterable[Series], observed: Interval, scraping: Scraping) -> Answer[Counted]:
    """Count what all series of one metric tell of an observation.

    To know all of an interval, observe from one longest gap before it: the last sample before it is the
    baseline. Such observations can be made one after the other, and what each tells of its interval adds up.
    Observe from the service's creation at the earliest, since time before it would be silence.

    Failed when a value is none that a counter can have; NoData when nothing was sampled. ValueError for
    series of several metrics.
    """
    targets: dict[Labels, dict[Labels, dict[datetime, int]]] = {}
    started: dict[Labels, datetime] = {}
    restarts: dict[Labels, tuple[Restart, ...]] = {}
    metrics = set()
    for one in series:
        metrics.add(label(one.labels, NAME_LABEL))
        target = target_of(one.labels)
        if one.started is not None:
            started[target] = utc(one.started)
        if one.restarts:
            restarts[target] = one.restarts
        values = targets.setdefault(target, {}).setdefault(one.labels, {})
        wrong = _read(one, observed, values)
        if wrong:
            return Failed(wrong)
    if len(metrics) > 1:
        raise ValueError(
            f"series of {', '.join(sorted(metrics))} cannot be counted as one: count each metric"
        )
    walks = [
        _Walk(
            label(target, POD_LABEL),
            members,
            observed,
            scraping.longest_gap,
            started=started.get(target),
            restarts=restarts.get(target, ()),
        )
        for target, members in targets.items()
        if any(members.values())
    ]
    if not walks:
        return NoData(f"nothing was sampled from {observed.start} to {observed.end}")
    silences = Spans((observed,)) - Spans(tuple(walk.lifetime for walk in walks))
    unknown = {found for walk in walks for found in walk.unknown} | {
        Unknown(part, Cause.SILENCE) for part in silences.parts if part.length > scraping.longest_gap
    }
    return Value(
        Counted(
            tuple((labels, tuple(steps)) for walk in walks for labels, steps in walk.steps.items()),
            tuple(sorted(unknown)),
            max(walk.lifetime.end for walk in walks),
        )
    )


def unless_stale(counted: Counted, now: datetime, longest_age: timedelta) -> Answer[Counted]:
    """Say that what is known is stale when its last sample is older than that."""
    age = utc(now) - counted.newest
    if age <= longest_age:
        return Value(counted)
    return Stale(counted.newest, f"the last sample is {age} old, of at most {longest_age}")


def can_be_counted(value: float) -> bool:
    """Whether a counter can have this value: NaN fails the first comparison."""
    return 0 <= value < _EXACT and value == int(value)


def _read(one: Series, observed: Interval, values: dict[datetime, int]) -> str:
    """Add the samples of a series; say what is wrong with one, or nothing."""
    for at, value in one.samples:
        moment = utc(at)
        if moment not in observed:
            continue
        if not can_be_counted(value):
            return f"{series_text(one.labels)} is {value} at {moment}: a counter is a whole number from 0 on"
        if values.setdefault(moment, int(value)) != value:
            both = f"{values[moment]} and {value}"
            return f"{series_text(one.labels)} is both {both} at {moment}: it is scraped twice"
    return ""


class _Restarts:
    """What a target's start time says of its restarts, beside those that its counters tell."""

    def __init__(self, restarts: tuple[Restart, ...], first: datetime) -> None:
        self.told: datetime | None = None
        """When the last restart was seen: one since a process that ran before that is the same."""
        self._left = [one for one in reversed(restarts) if one.at > first]

    def until(self, at: datetime) -> datetime | None:
        """Return when a process began that no counter told of before; None: none did."""
        found = None
        while self._left and self._left[-1].at <= at:
            one = self._left.pop()
            if self.told is None or one.after >= self.told:
                found = one.at
        return found


class _Walk:
    """One target's counters from its first sample to its last."""

    def __init__(
        self,
        pod: str,
        members: Mapping[Labels, Mapping[datetime, int]],
        observed: Interval,
        longest_gap: timedelta,
        *,
        started: datetime | None,
        restarts: tuple[Restart, ...],
    ) -> None:
        self.steps: dict[Labels, list[Step]] = {labels: [] for labels in members}
        self.unknown: set[Unknown] = set()
        self._pod = pod
        self._gap = longest_gap
        times = sorted({at for values in members.values() for at in values})
        began = started if started is not None and observed.start <= started <= times[0] else None
        self.lifetime = Interval(began or times[0], times[-1])
        self._before(times[0], began, started, observed)
        self._along(times, members, began, _Restarts(restarts, times[0]))
        if observed.end - times[-1] > longest_gap:
            self._note(times[-1], times[-1] + longest_gap, Cause.END)

    def _note(self, start: datetime, end: datetime, cause: Cause) -> None:
        if start < end:
            self.unknown.add(Unknown(Interval(start, end), cause, self._pod))

    def _before(
        self, first: datetime, began: datetime | None, started: datetime | None, observed: Interval
    ) -> None:
        if began is not None:
            if first - began > self._gap:
                self._note(began, first, Cause.START)
        elif started is not None and started < observed.start:
            self._note(observed.start, first, Cause.START)
        else:  # it would have been sampled before, had it lived longer
            self._note(max(observed.start, first - self._gap), first, Cause.START)

    def _along(
        self,
        times: list[datetime],
        members: Mapping[Labels, Mapping[datetime, int]],
        began: datetime | None,
        restarts: _Restarts,
    ) -> None:
        last: dict[Labels, tuple[datetime, int, int]] = {}  # when, value, and in which life of the process
        life = 0
        previous = times[0]
        for at in times:
            seen = {labels: values[at] for labels, values in members.items() if at in values}
            anew = restarts.until(at)
            fallen = [
                last[labels][0]
                for labels, value in seen.items()
                if labels in last and last[labels][2] == life and (anew or value < last[labels][1])
            ]
            fell = bool(fallen) or anew is not None
            if fell:
                life += 1
                restarts.told = at
            if fell or at - previous > self._gap:
                told = anew if anew is not None and at - anew <= self._gap else at
                self._note(min(fallen, default=previous), told, Cause.RESET if fell else Cause.GAP)
            for labels, value in seen.items():
                if labels in last:
                    since, known, lived = last[labels]
                    whole = lived != life
                    self.steps[labels].append(Step(since, at, value if whole else value - known, whole))
                elif fell or began is not None:
                    self.steps[labels].append(Step(previous if fell else began or at, at, value, True))
                else:
                    self._note(previous, at, Cause.START)
                last[labels] = (at, value, life)
            previous = at
