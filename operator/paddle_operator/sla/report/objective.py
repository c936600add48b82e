"""One objective in a report: what was attained, what was spent by whom, what went wrong when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from fractions import Fraction

from paddle_operator.sla.book import Book, Course
from paddle_operator.sla.budget import Budget
from paddle_operator.sla.burn import MinTraffic
from paddle_operator.sla.cells import COARSE, cut
from paddle_operator.sla.intervals import Spans
from paddle_operator.sla.ledger import Question
from paddle_operator.sla.objectives import objective_text
from paddle_operator.sla.outcomes import Tally, target_share
from paddle_operator.sla.report.incidents import Stretch, added, burning
from paddle_operator.sla.report.size import worst
from paddle_operator.sla.report.written import (
    DOWN,
    UP,
    decimal_text,
    moment_text,
    percent_text,
    whole_seconds,
)
from paddle_operator.sla.sight import Sight
from paddle_operator.sla.steps import Steps
from paddle_operator.sla.unknown import time_of
from paddle_operator.sla.verdict import verdict
from paddle_operator.spec.promise import Objective
from paddle_operator.spec.report import CountedAt
from paddle_operator.spec.sla_report import (
    MAX_INCIDENTS,
    MAX_REVISIONS,
    OTHERS,
    Incident,
    ObjectiveReport,
    RevisionShare,
    RevisionSteps,
    SlightStretches,
    Timeline,
)

TARGET_PLACES = 6
ATTAINED_PLACES = 4
"""Decimals of a percentage of good requests; one more than the target's where that has as many."""


def objective_report(
    objective: Objective, question: Question, steps: Steps, book: Book, least: MinTraffic, *, over: timedelta
) -> ObjectiveReport:
    """Report one objective; `least`: the traffic that it takes to judge it, and its incidents; `over`: the
    length of the whole period, of which the service may have been there for a part only."""
    target = target_share(objective)
    course = _largest(book.course(objective.name))
    tallies: dict[str, Tally] = {}
    for its in course.values():
        tallies = added(tallies, its)
    budget = Budget(target, tallies)
    stretches = burning(target, course)
    judged = [one for one in stretches if one.is_judged(target, least)]
    told = tuple(_incident(one, budget, question) for one in judged)
    kept = worst(told, MAX_INCIDENTS)
    unknown = time_of(book.unknown_for(objective.name))
    text = percent_text(target, TARGET_PLACES, DOWN)
    places = max(ATTAINED_PLACES, len(text.partition(".")[2]) + 1)
    return ObjectiveReport(
        name=objective.name,
        promise=objective_text(objective),
        source=book.elsewhere.get(objective.name, CountedAt.RUNTIME),
        target_percent=text,
        verdict=verdict(budget, least, _sight(unknown, question.observed.length, over)),
        good=budget.tally.good,
        total=budget.tally.total,
        attained_percent=percent_text(budget.attained, places, DOWN) if tallies else None,
        allowed_bad=decimal_text(budget.allowed, 1, DOWN),
        spent_percent=_spent(budget.tally, budget) if tallies else None,
        revisions=_shares(budget, places),
        incidents=kept,
        incidents_left_out=len(told) - len(kept),
        too_little_traffic=_slight([one for one in stretches if one not in judged], budget),
        incident_step_seconds=whole_seconds(question.step),
        unknown_seconds=whole_seconds(unknown.total),
        timeline=_timeline(course, question, steps, budget),
    )


def _sight(unknown: Spans, observed: timedelta, over: timedelta) -> Sight:
    pieces = (piece for part in unknown.parts for piece in cut(part.start, part.end, COARSE))
    return Sight.of(((piece, piece.length) for piece in pieces), observed, over)


def _spent(tally: Tally, budget: Budget) -> str:
    return percent_text(Fraction(tally.bad) / budget.allowed, 1, UP)


def _shares(budget: Budget, places: int) -> tuple[RevisionShare, ...]:
    return tuple(
        RevisionShare(
            revision=name,
            good=tally.good,
            total=tally.total,
            attained_percent=percent_text(Fraction(tally.good, tally.total), places, DOWN),
            spent_percent=_spent(tally, budget),
        )
        for name, tally in _by_traffic(budget)
    )


def _by_traffic(budget: Budget) -> list[tuple[str, Tally]]:
    """Order revisions by requests, `others` last."""
    return sorted(budget.by_revision.items(), key=lambda one: (one[0] == OTHERS, -one[1].total, one[0]))


def _incident(one: Stretch, budget: Budget, question: Question) -> Incident:
    start = question.observed.start + one.first * question.step
    end = min(question.observed.start + (one.last + 1) * question.step, question.observed.end)
    return Incident(
        start=moment_text(start),
        end=moment_text(end),
        bad=one.tally.bad,
        total=one.tally.total,
        worst_burn_rate=decimal_text(one.worst_burn, 1, UP),
        spent_percent=_spent(one.tally, budget),
        revision=one.revision,
    )


def _slight(stretches: Sequence[Stretch], budget: Budget) -> SlightStretches:
    if not stretches:
        return SlightStretches()
    told = sum((one.tally for one in stretches), Tally())
    return SlightStretches(
        stretches=len(stretches), bad=told.bad, total=told.total, spent_percent=_spent(told, budget)
    )


def _largest(course: Course) -> Course:
    """Put those that handled least together, where there are more revisions than a report can hold."""
    totals: dict[str, int] = {}
    for its in course.values():
        for name, tally in its.items():
            totals[name] = totals.get(name, 0) + tally.total
    if len(totals) <= MAX_REVISIONS:
        return course
    kept = set(sorted(totals, key=lambda name: (-totals[name], name))[: MAX_REVISIONS - 1])
    return {step: _with_others(its, kept) for step, its in course.items()}


def _with_others(its: Mapping[str, Tally], kept: set[str]) -> dict[str, Tally]:
    found = {name: tally for name, tally in its.items() if name in kept}
    rest = sum((tally for name, tally in its.items() if name not in kept), Tally())
    return {**found, OTHERS: rest} if rest.total else found


def _timeline(course: Course, question: Question, steps: Steps, budget: Budget) -> Timeline:
    each = steps.coarse // steps.fine
    length = -(-question.observed.length // steps.coarse)
    counts = {name: ([0] * length, [0] * length) for name, _ in _by_traffic(budget)}
    for step, its in course.items():
        for name, tally in its.items():
            good, bad = counts[name]
            good[step // each] += tally.good
            bad[step // each] += tally.bad
    return Timeline(
        step_seconds=steps.coarse // timedelta(seconds=1),
        revisions=tuple(
            RevisionSteps(revision=name, good=tuple(good), bad=tuple(bad))
            for name, (good, bad) in counts.items()
        ),
    )
