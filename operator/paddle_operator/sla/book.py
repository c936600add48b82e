"""All pages added up: what each revision did in each step of time, and what nobody knows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from paddle_operator.sla.intervals import Interval, Spans
from paddle_operator.sla.ledger import Page, Question
from paddle_operator.sla.outcomes import Outcomes, Tally
from paddle_operator.sla.unknown import Cause, Unknown, clipped
from paddle_operator.spec.report import CountedAt

Course = Mapping[int, Mapping[str, Tally]]
"""What each revision did in each step of time; steps without requests are absent."""
Told = tuple[str, Unknown]
"""What is unknown, with the objective that it concerns; "" for all that are counted in the pods."""


@dataclass(frozen=True, slots=True)
class Book:
    """What a whole period tells."""

    courses: Mapping[str, Course]
    """By objective."""
    outcomes: Mapping[str, Outcomes]
    """By revision."""
    unknown: tuple[Told, ...]
    """In order of time, each stretch once, none outside the time that counts."""
    elsewhere: Mapping[str, CountedAt] = field(default_factory=dict)
    """Where objectives are counted that are not counted in the pods."""

    def course(self, objective: str) -> Course:
        """What each revision did, step by step."""
        return self.courses.get(objective, {})

    def steps_of(self, revision: str) -> tuple[int, int] | None:
        """The first and the last step in which a revision did anything; None where that was never."""
        steps = [step for course in self.courses.values() for step, its in course.items() if revision in its]
        return (min(steps), max(steps)) if steps else None

    def unknown_for(self, objective: str) -> Iterator[Unknown]:
        """What is unknown for one objective."""
        pods = "" if objective not in self.elsewhere else objective
        return (one for whose, one in self.unknown if whose in {pods, objective})

    def judged_by(self, other: Book, at: CountedAt, objectives: Iterable[str]) -> Book:
        """Take what was counted there for these objectives."""
        names = frozenset(objectives)
        taken = {one: _put_down(other.course(one), self.course(one)) for one in names}
        told = {(whose, one) for whose, one in self.unknown if whose not in names}
        told |= {(name, one) for name in names for one in other.unknown_for(name)}
        unknown = tuple(sorted(told, key=lambda pair: (pair[1], pair[0])))
        return Book({**self.courses, **taken}, self.outcomes, unknown, dict.fromkeys(names, at))


def _put_down(other: Course, pods: Course) -> Course:
    """Put each step's counts down to the revision that handled most in it, or last before it."""
    made: dict[int, dict[str, Tally]] = {}
    known = sorted(step for step, its in pods.items() if its)
    for step, its in other.items():
        place = max(bisect_right(known, step) - 1, 0)
        handled = pods[known[place]] if known else its
        revision = max(handled, key=lambda name: (handled[name].total, name))
        made[step] = {revision: sum(its.values(), Tally())}
    return made


def book_of(pages: Iterable[Page], question: Question) -> Book:
    """Add pages up, one after the other, so that no two need be in memory."""
    courses: dict[str, dict[int, dict[str, Tally]]] = {}
    outcomes: dict[str, Outcomes] = {}
    unknown: set[Told] = set()
    for page in pages:
        for objective, revision, step, tally in page.postings:
            its = courses.setdefault(objective, {}).setdefault(step, {})
            its[revision] = its.get(revision, Tally()) + tally
        for revision, told in page.outcomes.items():
            outcomes[revision] = outcomes.get(revision, Outcomes()) + told
        unknown.update(page.unknown)
    return Book(courses, outcomes, _joined(unknown, question))


def _joined(told: set[Told], question: Question) -> tuple[Told, ...]:
    """Join stretches that pages have cut, and drop the end of a pod that was only away for a while."""
    returned = {
        (whose, one.pod, one.interval.start) for whose, one in told if one.cause in {Cause.GAP, Cause.RESET}
    }
    by_kind: dict[tuple[str, Cause, str], list[Interval]] = {}
    for whose, one in told:
        if one.cause is not Cause.END or (whose, one.pod, one.interval.start) not in returned:
            by_kind.setdefault((whose, one.cause, one.pod), []).append(one.interval)
    found = [
        (whose, one)
        for (whose, cause, pod), parts in by_kind.items()
        for one in clipped(
            (Unknown(part, cause, pod) for part in Spans(tuple(parts)).parts), question.counted
        )
    ]
    return tuple(sorted(found, key=lambda pair: (pair[1], pair[0])))


def time_by_cause(unknown: Iterable[Told]) -> dict[Cause, tuple[timedelta, int]]:
    """Return the time and the number of stretches of each cause; stretches of several pods at once count
    once."""
    stretches: dict[Cause, list[Interval]] = {}
    for _, one in unknown:
        stretches.setdefault(one.cause, []).append(one.interval)
    return {cause: (Spans(tuple(parts)).total, len(parts)) for cause, parts in sorted(stretches.items())}
