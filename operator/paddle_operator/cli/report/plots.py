"""The plots of a report as SVG: what was attained, and what was spent, over time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from html import escape
from itertools import accumulate

from paddle_operator.cli.report.axes import (
    BOTTOM,
    HEIGHT,
    TOP,
    WIDTH,
    Frame,
    grid,
    line,
    rect,
    round_values,
)
from paddle_operator.cli.report.figures import Clock
from paddle_operator.cli.report.words import both
from paddle_operator.sla.report.written import moment_read
from paddle_operator.spec.sla_report import OTHERS, ObjectiveReport, ReportStatus

STRIP = 12
"""Height of the strip that shows which revision handled the requests."""
COLOURS = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00",
    "#7a5195", "#8c6d31", "#3b6e5e", "#a05195", "#5b7fa3", "#6b6b6b",
)  # fmt: skip
"""By place of the revision; the first six are told apart by most people who see colours differently."""
_TOUCH = 1.5
"""Width of the smallest stretch that can be seen."""


def attained_plot(report: ReportStatus, one: ObjectiveReport, clock: Clock) -> str:
    """Draw the share of good requests in each step against the promise."""
    good, total = _sums(one)
    shares = [100 * part / whole if whole else None for part, whole in zip(good, total, strict=True)]
    target = float(one.target_percent)
    lowest = min([target, *(share for share in shares if share is not None)])
    low = max(0.0, min(lowest - 0.1 * (100 - lowest), 100 - 2 * (100 - target)))
    frame = _frame(report, low, 100.0)
    starts = _moments(report, one)
    body = [*_under(report, one, frame), *grid(frame, round_values(low, 100.0), clock)]
    body.append(line("target", frame.x(frame.start), frame.y(target), frame.x(frame.end), frame.y(target)))
    for run in _runs(starts, shares):
        points = " ".join(f"{frame.x(at):.1f},{frame.y(share):.1f}" for at, share in run)
        body.append(f'<polyline class="course" points="{points}"/>')
    body += [
        _mark(frame.x(at + (end - at) / 2), frame.y(share))
        for at, end, share in zip(starts, starts[1:], shares, strict=False)
        if share is not None and share < target
    ]
    return _svg(one, "attained", body)


def budget_plot(report: ReportStatus, one: ObjectiveReport, clock: Clock) -> str:
    """Draw the budget that was spent so far, one area a revision, and whose requests they were."""
    _, total = _sums(one)
    allowed = sum(total) * (100 - float(one.target_percent)) / 100
    high = max(100.0, float(one.spent_percent or 0)) * 1.08
    frame = _frame(report, 0.0, high)
    starts = _moments(report, one)
    body = [*_under(report, one, frame), *grid(frame, round_values(0.0, high), clock)]
    below = [0.0] * len(starts)
    for place, its in enumerate(one.timeline.revisions):
        spent = [100 * bad / allowed for bad in accumulate((0, *its.bad))]
        above = [low + more for low, more in zip(below, spent, strict=True)]
        body.append(_area(frame, starts, below, above, place=place, name=its.revision))
        below = above
    body.append(line("target", frame.x(frame.start), frame.y(100), frame.x(frame.end), frame.y(100)))
    body += _strip(frame, one, starts, total)
    return _svg(one, "budget", body)


def legend(one: ObjectiveReport) -> str:
    """Name the colours of the revisions, and the marks."""
    marks = ("target", "incident", "unknown", "excluded")
    swatch = '<svg class="swatch" viewBox="0 0 16 12" aria-hidden="true">{}</svg>'
    items = [
        f"<li>{swatch.format(rect('r' + str(place), 0, 0, 16, 12))}"
        f"{both('others') if its.revision == OTHERS else escape(its.revision)}</li>"
        for place, its in enumerate(one.timeline.revisions)
    ]
    items += [
        f"<li>{swatch.format(line(mark, 0, 6, 16, 6) if mark == 'target' else rect(mark, 0, 0, 16, 12))}"
        f"{both(mark)}</li>"
        for mark in marks
    ]
    return f'<ul class="legend">{"".join(items)}</ul>'


def patterns() -> str:
    """Return the hatching that all plots of a page share."""
    about = 'width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"'
    ground = '<rect width="6" height="6" fill="#fff" fill-opacity=".55"/>'
    stroke = '<line x1="0" y1="0" x2="0" y2="6" stroke="#4a5563" stroke-width="2.4"/>'
    pattern = f'<pattern id="hatch" {about}>{ground}{stroke}</pattern>'
    return f'<svg width="0" height="0" aria-hidden="true"><defs>{pattern}</defs></svg>'


def _frame(report: ReportStatus, low: float, high: float) -> Frame:
    assert report.period is not None
    return Frame(moment_read(report.period.start), moment_read(report.period.end), low, high)


def _sums(one: ObjectiveReport) -> tuple[list[int], list[int]]:
    """Return good and all requests of all revisions by step."""
    its = one.timeline.revisions
    good = [sum(step) for step in zip(*(each.good for each in its), strict=True)]
    bad = [sum(step) for step in zip(*(each.bad for each in its), strict=True)]
    return good, [here + there for here, there in zip(good, bad, strict=True)]


def _moments(report: ReportStatus, one: ObjectiveReport) -> list[datetime]:
    """Return the border before each step and the one after the last."""
    assert report.period is not None
    start, end = moment_read(report.period.observed_from), moment_read(report.period.end)
    step = timedelta(seconds=one.timeline.step_seconds)
    count = len(one.timeline.revisions[0].good) if one.timeline.revisions else 0
    return [min(start + place * step, end) for place in range(count + 1)]


def _runs(
    starts: Sequence[datetime], shares: Sequence[float | None]
) -> Iterator[list[tuple[datetime, float]]]:
    """Yield the parts of the course in which there were requests; each step is level."""
    run: list[tuple[datetime, float]] = []
    for place, share in enumerate(shares):
        if share is None:
            if run:
                yield run
            run = []
        else:
            run += [(starts[place], share), (starts[place + 1], share)]
    if run:
        yield run


def _under(report: ReportStatus, one: ObjectiveReport, frame: Frame) -> Iterator[str]:
    """Draw what lies behind the course: incidents, time that does not count, time that nobody knows."""
    stretches = [("incident", each.start, each.end) for each in one.incidents]
    stretches += [("excluded", each.start, each.end) for each in report.exclusions]
    stretches += [
        ("unknown", each.start, each.end) for each in report.unknown if each.objective in {"", one.name}
    ]
    for kind, start, end in stretches:
        left, right = frame.x(moment_read(start)), frame.x(moment_read(end))
        yield rect(kind, left, TOP, max(right - left, _TOUCH), HEIGHT - TOP - BOTTOM)


def _area(
    frame: Frame,
    starts: Sequence[datetime],
    below: Sequence[float],
    above: Sequence[float],
    *,
    place: int,
    name: str,
) -> str:
    there = [f"{frame.x(at):.1f},{frame.y(value):.1f}" for at, value in zip(starts, above, strict=True)]
    back = [f"{frame.x(at):.1f},{frame.y(value):.1f}" for at, value in zip(starts, below, strict=True)]
    points = " ".join([*there, *reversed(back)])
    return f'<polygon class="area r{place}" points="{points}"><title>{escape(name)}</title></polygon>'


def _strip(
    frame: Frame, one: ObjectiveReport, starts: Sequence[datetime], total: Sequence[int]
) -> Iterator[str]:
    """Show whose requests those of each step were, below the plot."""
    top = HEIGHT - BOTTOM + 4
    for step, whole in enumerate(total):
        above = float(top)
        left, right = frame.x(starts[step]), frame.x(starts[step + 1])
        for place, its in enumerate(one.timeline.revisions):
            part = STRIP * (its.good[step] + its.bad[step]) / whole if whole else 0
            if part:
                yield rect(f"r{place}", left, above, right - left, part)
                above += part


def _mark(x: float, y: float) -> str:
    return f'<path class="below" d="M{x:.1f} {y - 5:.1f}l5 5l-5 5l-5 -5z"/>'


def _svg(one: ObjectiveReport, what: str, body: Iterable[str]) -> str:
    name = escape(f"{what}-{one.name}")
    inner = "".join(body)
    return (
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{name}">{inner}</svg>'
    )
