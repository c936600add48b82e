"""Time cut into cells, each with what was counted in it: side by side, so that nothing is counted twice.

New cells have five minutes. Older ones are joined to hours, so that a month of them stays small: their counts
and their unknown time add up. Borders lie at whole multiples of a cell's width since 1970, and so at the
borders of days in all time zones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from paddle_operator.sla.budget import Entry
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.outcomes import Tally

FINE = timedelta(minutes=5)
COARSE = timedelta(hours=1)
FINE_FOR = timedelta(hours=2)
"""Age up to which cells stay fine: burn rates look back an hour."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cell:
    """What was counted in a stretch of time."""

    interval: Interval
    by_revision: Mapping[str, Tally]
    """Only revisions that had requests."""
    unknown: timedelta = timedelta()
    """How much of it is unknown, in whole seconds, rounded up."""

    @property
    def requests(self) -> int:
        """Requests of all revisions."""
        return sum(tally.total for tally in self.by_revision.values())

    def joined(self, later: Cell) -> Cell:
        """Return both as one; ValueError unless the other begins where this one ends."""
        if later.interval.start != self.interval.end:
            raise ValueError(f"a cell that ends at {self.interval.end} cannot be joined to {later.interval}")
        tallies = dict(self.by_revision)
        for revision, tally in later.by_revision.items():
            tallies[revision] = tallies.get(revision, Tally()) + tally
        whole = Interval(self.interval.start, later.interval.end)
        return Cell(whole, tallies, self.unknown + later.unknown)


def floor(moment: datetime, width: timedelta) -> datetime:
    """Return the border at or before a moment."""
    return _EPOCH + (moment - _EPOCH) // width * width


def cut(
    start: datetime, end: datetime, width: timedelta, borders: Iterable[datetime] = ()
) -> Iterator[Interval]:
    """Cut a stretch of time at every whole multiple of the width and at these borders."""
    apart = sorted(borders)
    while start < end:
        border = min(floor(start, width) + width, end)
        border = next((one for one in apart if start < one < border), border)
        yield Interval(start, border)
        start = border


def aged(
    cells: Iterable[Cell], now: datetime, borders: Iterable[datetime] = (), coarse: timedelta = COARSE
) -> tuple[Cell, ...]:
    """Join what is no longer new to coarse cells, never over one of the borders."""
    kept: list[Cell] = []
    apart = frozenset(borders)
    for cell in cells:
        begin = cell.interval.start
        old = cell.interval.end <= now - FINE_FOR and begin not in apart
        if kept and old and floor(kept[-1].interval.start, coarse) == floor(begin, coarse):
            kept[-1] = kept[-1].joined(cell)
        else:
            kept.append(cell)
    return tuple(kept)


def within(cells: Iterable[Cell], window: Interval) -> tuple[Cell, ...]:
    """Return the cells that lie in the window whole: what it begins in the middle of is left out."""
    return tuple(
        one for one in cells if window.start <= one.interval.start and one.interval.end <= window.end
    )


def entries(cells: Iterable[Cell]) -> Iterator[Entry]:
    """Return the cells' counts, as the budget takes them."""
    for cell in cells:
        for revision, tally in cell.by_revision.items():
            yield Entry(cell.interval, revision, tally)
