"""One step of measuring: from what is counted and what the metrics say since to what is counted now. Pure.

What is counted is final when samples after it have been seen, or when it is so old that none will come any
more. Until then it is read again at each step, and counted beside the record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from paddle_operator.sla.answer import Answer, Failed, Value
from paddle_operator.sla.cells import COARSE, FINE, FINE_FOR, Cell, cut, floor
from paddle_operator.sla.counting import Scraping
from paddle_operator.sla.exclusions import Exclusion
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.pace import Pace, pace
from paddle_operator.sla.reading import Both, Reading, cells, counted, first_sign, unknown_cells
from paddle_operator.sla.record import Record, account_of
from paddle_operator.spec.promise import Objective

LONGEST_STRETCH = timedelta(hours=1)
LOOK_BACK = timedelta(minutes=5)
"""So long before a stretch its baseline is looked for: a shorter hole in the samples loses no count."""
LATEST = timedelta(minutes=15)
"""Samples that come later than this are not waited for: time without them is unknown."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a service is measured."""

    objectives: tuple[Objective, ...]
    exclusions: tuple[Exclusion, ...]
    scraping: Scraping
    borders: tuple[datetime, ...] = ()
    """Where windows begin and end: no cell lies on both sides."""

    @property
    def by_account(self) -> dict[str, Objective]:
        """One objective for each account: all of an account count the same."""
        return {account_of(objective): objective for objective in self.objectives}


@dataclass(frozen=True, slots=True)
class Step:
    """What is known after a step."""

    record: Record
    open: Mapping[str, Cell]
    """By account: what follows the record and may still change."""
    metrics: Answer[datetime]
    """When the last sample was taken, or why there is none."""
    behind: bool
    """More is there to be counted at once."""
    pace: Pace | None = None
    """How often the source was scraped, where that is known."""


def stretch_after(record: Record, now: datetime, longest: timedelta = LONGEST_STRETCH) -> Interval:
    """Return the time that the next step counts."""
    return Interval(record.until, max(record.until, min(record.until + longest, now)))


def observed_for(stretch: Interval, scraping: Scraping, now: datetime) -> Interval:
    """Return the time whose samples tell about a stretch."""
    end = min(stretch.end + scraping.longest_gap, max(now, stretch.end))
    return Interval(stretch.start - LOOK_BACK, end)


def advance(record: Record, stretch: Interval, reading: Reading, terms: Terms, now: datetime) -> Step:
    """Count a stretch that begins where the record ends.

    Where the metrics cannot be had nothing is counted: the next step tries again. Where samples cannot be
    right a shorter stretch is counted, so that only the time about them is lost: it is tried again, too, and
    unknown when it is old.
    """
    step = _count(record, stretch, reading, terms, now)
    if not isinstance(step.metrics, Failed) or reading.failure is not None:
        return step
    near = Interval(
        max(reading.observed.start, stretch.start - terms.scraping.longest_gap), reading.observed.end
    )
    end = _shorter(stretch, now)
    if end is not None:
        less = Interval(stretch.start, end)
        part = reading.during(observed_for(less, terms.scraping, now))
        return advance(record, less, part, terms, now)
    if near != reading.observed:  # what is wrong may lie before the stretch
        return advance(record, stretch, reading.during(near), terms, now)
    return step


def _shorter(stretch: Interval, now: datetime) -> datetime | None:
    """Return the end of about the first half of a stretch, which must be old enough to be final."""
    half = max(floor(stretch.start + stretch.length / 2, FINE), floor(stretch.start, FINE) + FINE)
    end = min(half, floor(now - LATEST, FINE))
    return end if stretch.start < end < stretch.end else None


def _count(record: Record, stretch: Interval, reading: Reading, terms: Terms, now: datetime) -> Step:
    found = counted(reading, terms.scraping)
    final = stretch.end <= now - LATEST
    if isinstance(found, Failed) and (reading.failure is not None or not final):
        return Step(record, {}, found, behind=False)
    horizon = max(stretch.start, stretch.end if final else min(stretch.end, _known_until(found, terms, now)))
    kept_until = max(stretch.start, floor(horizon, FINE))
    width = FINE if stretch.end > now - FINE_FOR else COARSE
    begin = min(_begin(record, reading), kept_until)
    parts = (*cut(begin, kept_until, width, terms.borders), Interval(kept_until, horizon))
    made: dict[str, tuple[Cell, ...]] = {}
    wrong = found if isinstance(found, Failed) else None
    for account, objective in terms.by_account.items():
        answer = _cells(found, objective, parts, terms.exclusions)
        if isinstance(answer, Failed) and not final:
            return Step(record, {}, answer, behind=False)
        if not isinstance(answer, Value):
            wrong = answer if isinstance(answer, Failed) else wrong
            made[account] = unknown_cells(parts, terms.exclusions)
            continue
        made[account] = answer.value
    return Step(
        record.extended({account: of[:-1] for account, of in made.items()}, kept_until),
        {account: of[-1] for account, of in made.items()},
        _newest(found) if wrong is None else wrong,
        behind=kept_until > stretch.start and stretch.end < now,
        pace=pace(reading, terms.scraping),
    )


def _begin(record: Record, reading: Reading) -> datetime:
    """Return where counting goes on, or begins: not before there was anything to be counted."""
    sign = first_sign(reading)
    if sign is None or any(record.accounts.values()):
        return record.until
    return max(record.until, sign.replace(microsecond=0))


def _known_until(found: Answer[Both], terms: Terms, now: datetime) -> datetime:
    """Return up to when nothing will be added: a pod that is silent after this may only be late."""
    waited = now - LATEST
    if not isinstance(found, Value):
        return waited
    return max(waited, found.value.requests.newest - terms.scraping.longest_gap)


def _cells(
    found: Answer[Both], objective: Objective, parts: Sequence[Interval], exclusions: Sequence[Exclusion]
) -> Answer[tuple[Cell, ...]]:
    if isinstance(found, Value):
        return cells(found.value, objective, parts, exclusions)
    return Value(unknown_cells(parts, exclusions))


def _newest(found: Answer[Both]) -> Answer[datetime]:
    return Value(found.value.requests.newest) if isinstance(found, Value) else found
