"""What is known of a service's replicas at work: by revision, and of the load on all of them. Pure.

A revision's hash holds its device, so what is kept by revision is kept by device, too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from paddle_operator.sla import learning, peaks
from paddle_operator.sla.answer import Value
from paddle_operator.sla.capacity import capacity
from paddle_operator.sla.learning import HALF_LIFE, Demand, Learned, learn
from paddle_operator.sla.means import Known, Rate, Unhurried
from paddle_operator.sla.peaks import Peaks, asked_for, offered
from paddle_operator.sla.working import Worked

LARGEST_COUNT = 10**9
"""What is damaged beyond this is learned again."""


@dataclass(frozen=True, slots=True)
class Answers:
    """How long answers took, in counts that fade."""

    total: float = 0.0
    waited: float = 0.0
    within: Mapping[int, float] = field(default_factory=dict)

    def with_(self, found: Unhurried, fade: float) -> Answers:
        """Let what was known fade, and add what was found."""
        within = {bound: count * fade for bound, count in self.within.items()}
        for bound, count in found.within:
            within[bound] = within.get(bound, 0.0) + count
        return Answers(self.total * fade + found.total, self.waited * fade + found.waited, within)

    @property
    def counted(self) -> Unhurried:
        """Whole numbers, all rounded the same way: answers that all were in time still are."""
        listed = tuple((bound, math.ceil(count)) for bound, count in sorted(self.within.items()))
        return Unhurried(math.ceil(self.total), math.ceil(self.waited), listed)


@dataclass(frozen=True, slots=True)
class AtWork:
    """What is known of one revision."""

    learned: Learned
    answers: Answers = Answers()
    load_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a service."""

    revisions: Mapping[str, AtWork] = field(default_factory=dict)
    load: Peaks = field(default_factory=Peaks)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the replicas of a service are judged by."""

    demands: tuple[Demand, ...]
    promise: str
    """slaHash."""
    window_days: int
    attempts: int
    """Replicas that a request may be sent to, one after the other, when it is refused."""
    room: int
    """Length of a replica's queue."""
    together: int
    """Requests that a device computes at once."""


def seen_at_work(before: Profile, found: Iterable[Worked], terms: Terms, now: datetime) -> Profile:
    """Add what replicas did in the time just before now; revisions that nothing is known of any more go."""
    by_revision: dict[str, list[Worked]] = {}
    for one in found:
        by_revision.setdefault(one.revision, []).append(one)
    revisions = {
        name: _at_work(before.revisions.get(name), by_revision.get(name, []), terms, now)
        for name in {*before.revisions, *by_revision}
    }
    kept = {name: one for name, one in sorted(revisions.items()) if one.learned.work.intervals >= 0.01}
    return Profile(kept, _load(before.load, by_revision, terms, now))


def known_of(profile: Profile, revision: str | None, terms: Terms) -> Known:
    """Return what feasibility asks for, rounded to our disadvantage, so that it changes seldom."""
    at_work = profile.revisions.get(revision or "")
    highest = profile.load.highest
    known = Known(peak=None if highest is None else _rate(highest, highest))
    if at_work is None:
        return known
    found = capacity(at_work.learned, terms.demands, room=terms.room, together=terms.together)
    answers = at_work.answers.counted if at_work.learned.promise == terms.promise else None
    return replace(
        known,
        load_seconds=Fraction(math.ceil(at_work.load_seconds)) if at_work.load_seconds else None,
        answers=answers,
        capacity=_rate(found.value.low, found.value.high) if isinstance(found, Value) else None,
    )


def text_of(profile: Profile) -> str:
    """Write a profile."""
    revisions = {
        name: {
            "learned": learning.to_json(one.learned),
            "loadSeconds": _short(one.load_seconds),
            "answers": [_short(one.answers.total), _short(one.answers.waited),
                        {str(bound): _short(count) for bound, count in one.answers.within.items()}],
        }
        for name, one in profile.revisions.items()
    }  # fmt: skip
    return json.dumps({"revisions": revisions, "load": peaks.to_json(profile.load)}, separators=(",", ":"))


def profile_from(text: str) -> Profile:
    """Read a profile; what is damaged is left out, and learned again."""
    try:
        stored = json.loads(text)
        read = {str(name): _revision(one) for name, one in stored["revisions"].items()}
        return Profile({name: one for name, one in read.items() if one}, peaks.from_json(stored["load"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Profile()


def _revision(stored: Any) -> AtWork | None:
    learned = learning.from_json(stored["learned"])
    total, waited, within = stored["answers"]
    answers = Answers(float(total), float(waited), {int(k): float(v) for k, v in within.items()})
    numbers = (answers.total, answers.waited, *answers.within.values(), float(stored["loadSeconds"]))
    if learned is None or not all(0 <= number <= LARGEST_COUNT for number in numbers):
        return None
    return AtWork(learned, answers, float(stored["loadSeconds"]))


def _at_work(before: AtWork | None, found: list[Worked], terms: Terms, now: datetime) -> AtWork:
    seen = learn(
        before.learned if before else None, (one.seen for one in found), terms.demands, terms.promise, now
    )
    known = before if before and before.learned.promise == terms.promise else None
    answers = known.answers if known else Answers()
    fade = 0.5 ** (max(timedelta(), now - before.learned.at) / HALF_LIFE) if before else 1.0
    answers = answers.with_(Unhurried(0, 0, ()), fade)
    for one in found:
        answers = answers.with_(one.answers, 1.0)
    slowest = max((one.load_seconds for one in found), default=0.0)
    return AtWork(seen, answers, slowest or (before.load_seconds if before else 0.0))


def _load(before: Peaks, found: Mapping[str, list[Worked]], terms: Terms, now: datetime) -> Peaks:
    """Add the load on all replicas; each was seen for a slightly different time."""
    everyone = [one for of_revision in found.values() for one in of_revision if one.seen.whole]
    if not everyone:
        return before
    seconds = max(one.seen.seconds for one in everyone)
    each = [one.seen.offered * seconds / one.seen.seconds for one in everyone]
    refused = [one.refused * seconds / one.seen.seconds for one in everyone]
    asked = asked_for(round(sum(each)), round(sum(refused)), terms.attempts)
    return offered(before, asked, seconds, now, terms.window_days)


def _rate(low: float, high: float) -> Rate:
    return Rate(_rounded(low, up=False), _rounded(high, up=True))


def _rounded(value: float, *, up: bool) -> Fraction:
    """Two digits."""
    if value <= 0:
        return Fraction(0)
    step = Fraction(10) ** (math.floor(math.log10(value)) - 1)
    scaled = Fraction(f"{value:.9g}") / step
    return (math.ceil(scaled) if up else math.floor(scaled)) * step


def _short(value: float) -> float:
    return float(f"{value:.6g}")
