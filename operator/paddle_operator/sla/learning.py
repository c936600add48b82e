"""What the work of a revision's replicas teaches: sums over intervals that fade with time. Pure.

Each replica is seen interval by interval. Two things are kept: what a request costs its workers, from the
share of time that they are busy, which is right at any load; and, for each level of load, whether the
objectives held there. Intervals without requests teach nothing, and neither do those in which a process
began anew, was not sampled, or had fewer workers than it should have.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from paddle_operator.sla.outcomes import target_share
from paddle_operator.sla.queueing import all_busy
from paddle_operator.spec.promise import Sla

HALF_LIFE = timedelta(days=3)
"""What is older counts for half: a slower node, other pictures and a new neighbour are followed."""
STEP = 1.25
"""Each level of load is this much above the one before."""
LEAST_REQUESTS_OF_A_LEVEL = 25
"""An interval with fewer requests says too little about its load: chance alone moves it by a level."""
_HIGHEST_LEVEL = 200  # of what is read back: more than any replica can be under
_FORGOTTEN = 0.5  # requests; below, a level has faded away


@dataclass(frozen=True, slots=True)
class Demand:
    """What an objective allows."""

    name: str
    bad_share: float
    threshold_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What one replica did in one interval, from its counters."""

    seconds: float
    workers: int
    busy_seconds: float
    offered: int
    """Good, bad and refused requests."""
    handled: int
    """Good and bad ones: those that workers worked on."""
    kept: Mapping[str, int]
    """By objective: requests that were good for it."""
    waited: int
    """Requests that found no free worker."""
    whole: bool = True
    """Nothing was lost: no restart, no gap between samples, every worker warm."""


@dataclass(frozen=True, slots=True)
class Work:
    """Sums over intervals: of busy seconds and handled requests, of their products, and of waits."""

    intervals: float = 0.0
    seconds: float = 0.0
    handled: float = 0.0
    busy: float = 0.0
    busy_busy: float = 0.0
    busy_handled: float = 0.0
    handled_handled: float = 0.0
    waited: float = 0.0
    waits_by_chance: float = 0.0
    """How many would have found no free worker, had all callers come independently."""

    def with_(self, seen: Seen) -> Work:
        """Add an interval."""
        busy, handled = seen.busy_seconds, seen.handled
        return Work(
            self.intervals + 1,
            self.seconds + seen.seconds,
            self.handled + handled,
            self.busy + busy,
            self.busy_busy + busy * busy,
            self.busy_handled + busy * handled,
            self.handled_handled + handled * handled,
            self.waited + seen.waited,
            self.waits_by_chance + handled * _busy_by_chance(seen),
        )

    def faded(self, by: float) -> Work:
        """Let all of it count for less."""
        return Work(*(getattr(self, name) * by for name in self.__dataclass_fields__))

    @property
    def seconds_each(self) -> float:
        """Seconds of a worker for each request."""
        return self.busy / self.handled

    @property
    def scatter(self) -> float:
        """The sum of squares of what intervals differ from that."""
        each = self.seconds_each
        return max(0.0, self.busy_busy - 2 * each * self.busy_handled + each * each * self.handled_handled)


@dataclass(frozen=True, slots=True)
class Level:
    """What was seen at one level of load."""

    seconds: float = 0.0
    offered: float = 0.0
    excess: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """By objective: how many more requests failed it than it allows, and the sum of the squares of that.
    By interval, since requests that are late come together: counted one by one they would seem surer."""

    def with_(self, seen: Seen, demands: Iterable[Demand]) -> Level:
        """Add an interval."""
        excess = dict(self.excess)
        for one in demands:
            more = seen.offered - seen.kept[one.name] - one.bad_share * seen.offered
            total, squares = excess.get(one.name, (0.0, 0.0))
            excess[one.name] = (total + more, squares + more * more)
        return Level(self.seconds + seen.seconds, self.offered + seen.offered, excess)

    def faded(self, by: float) -> Level:
        """Let all of it count for less."""
        excess = {name: (total * by, squares * by) for name, (total, squares) in self.excess.items()}
        return Level(self.seconds * by, self.offered * by, excess)


@dataclass(frozen=True, slots=True)
class Learned:
    """All that is known of one revision on one device."""

    promise: str
    """slaHash that the levels were judged by; another promise begins them anew."""
    at: datetime
    workers: int = 0
    """Of the last replica seen. 0: none was."""
    work: Work = Work()
    levels: Mapping[int, Level] = field(default_factory=dict)


def _busy_by_chance(seen: Seen) -> float:
    """The chance that all workers are busy at the load of an interval."""
    load = seen.busy_seconds / seen.seconds
    return all_busy(seen.workers, load) if load < seen.workers else 1.0


def demands_of(sla: Sla) -> tuple[Demand, ...]:
    """Return what each objective allows."""
    return tuple(
        Demand(
            one.name,
            float(Fraction(1) - target_share(one)),
            one.latency.threshold_milliseconds / 1000 if one.latency is not None else None,
        )
        for one in sla.objectives
    )


def learn(
    before: Learned | None,
    intervals: Iterable[Seen],
    demands: tuple[Demand, ...],
    promise: str,
    now: datetime,
) -> Learned:
    """Add the intervals of any of the revision's replicas to what was known."""
    known = before or Learned(promise, now)
    fade = 0.5 ** (max(timedelta(), now - known.at) / HALF_LIFE)
    work = known.work.faded(fade)
    kept = known.levels if known.promise == promise else {}
    levels = {place: level.faded(fade) for place, level in kept.items()}
    workers = known.workers
    for seen in intervals:
        if not _teaches(seen):
            continue
        workers = seen.workers
        if seen.handled:
            work = work.with_(seen)
        if seen.offered >= LEAST_REQUESTS_OF_A_LEVEL:
            place = level_of(seen.offered / seen.seconds)
            levels[place] = levels.get(place, Level()).with_(seen, demands)
    remembered = {place: level for place, level in sorted(levels.items()) if level.offered >= _FORGOTTEN}
    return Learned(promise, max(now, known.at), workers, work, remembered)


def level_of(load: float) -> int:
    """Return the level that a load above 0 lies in."""
    return math.floor(math.log(load, STEP))


def top_of(level: int) -> float:
    """Return the load at which the next level begins."""
    return float(STEP ** (level + 1))


def to_json(learned: Learned) -> dict[str, Any]:
    """Return it as JSON for a ConfigMap, with six digits of each number."""
    return {
        "promise": learned.promise,
        "at": learned.at.isoformat(),
        "workers": learned.workers,
        "work": [_short(getattr(learned.work, name)) for name in Work.__dataclass_fields__],
        "levels": {
            str(place): [
                _short(level.seconds),
                _short(level.offered),
                {name: [_short(part) for part in parts] for name, parts in level.excess.items()},
            ]
            for place, level in learned.levels.items()
        },
    }


def from_json(stored: Any) -> Learned | None:
    """Read it back; None for what is damaged, which is learned again."""
    try:
        levels = {
            int(place): Level(
                float(seconds),
                float(offered),
                {str(name): (float(total), float(squares)) for name, (total, squares) in excess.items()},
            )
            for place, (seconds, offered, excess) in stored["levels"].items()
        }
        work = Work(*(float(part) for part in stored["work"]))
        at = datetime.fromisoformat(stored["at"])
        read = Learned(str(stored["promise"]), at, int(stored["workers"]), work, levels)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None
    return read if _is_sound(read) else None


def _is_sound(read: Learned) -> bool:
    work = [getattr(read.work, name) for name in Work.__dataclass_fields__]
    levels = [part for one in read.levels.values() for part in (one.seconds, one.offered)]
    excess = [part for one in read.levels.values() for pair in one.excess.values() for part in pair]
    return (
        read.at.tzinfo is not None
        and all(math.isfinite(number) for number in (*work, *levels, *excess))
        and all(number >= 0 for number in work)
        and all(number > 0 for number in levels)
        and all(abs(place) <= _HIGHEST_LEVEL for place in read.levels)
        and (read.workers > 0 or not read.work.intervals)
    )


def _teaches(seen: Seen) -> bool:
    counts = (seen.offered, seen.handled, seen.waited, *seen.kept.values())
    sane = seen.seconds > 0 and seen.busy_seconds >= 0 and min(counts) >= 0 and seen.handled <= seen.offered
    return seen.whole and sane and seen.workers > 0 and seen.offered > 0


def _short(value: float) -> float:
    return float(f"{value:.6g}")
