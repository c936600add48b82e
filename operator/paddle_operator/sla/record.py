"""The record: everything that was counted for a service, cell by cell, and its form as text.

    {"version": 1, "until": "2026-11-26T05:10:00Z", "revisions": ["ocr-0123456789"],
     "accounts": {"requests": {"since": "2026-11-26T04:00:00Z", "cells": ["3600 0:7200/3", "300u45 0:10/0"]}}}

An account is what can be counted without knowing a target: all requests, or how many were fast enough. So a
target may be edited, and what was counted stays. A cell is its length in seconds, the unknown seconds among
them, and for each revision that had requests its place in `revisions` with good/bad.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from paddle_operator.sla.cells import Cell, aged
from paddle_operator.sla.intervals import Interval, utc
from paddle_operator.sla.outcomes import Tally
from paddle_operator.spec.promise import Objective

LARGEST_BYTES = 180 * 1024
"""A ConfigMap may have 1 MiB. One that is read at each look should stay far below."""
WIDTHS = tuple(timedelta(hours=hours) for hours in (1, 3, 6, 12, 24))
"""How coarse old cells become until the text fits; at last their revisions become one."""
EARLIER = "earlier"
"""The revision of what no longer fits by revision."""
REQUESTS = "requests"
_VERSION = 1
_CELL = re.compile(r"(\d+)(?:u(\d+))?((?: \d+:\d+/\d+)*)", re.ASCII)
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Record:
    """All accounts of a service. ValueError for cells that overlap, leave a hole or do not reach the end."""

    until: datetime
    """Everything before this is counted, and nothing after it."""
    accounts: Mapping[str, tuple[Cell, ...]]
    """By account: cells side by side up to the end."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "until", utc(self.until))
        for account, cells in self.accounts.items():
            for one, other in pairwise(cells):
                if one.interval.end != other.interval.start:
                    raise ValueError(f"{account}: {other.interval.start} does not follow {one.interval.end}")
            if cells and cells[-1].interval.end != self.until:
                raise ValueError(f"{account} ends at {cells[-1].interval.end}, not at {self.until}")

    def extended(self, found: Mapping[str, tuple[Cell, ...]], until: datetime) -> Record:
        """Go on with what was counted since; accounts that are not among it are no longer wanted.

        One of which nothing is known yet begins with the first cell that tells anything.
        """
        return Record(
            until,
            {
                account: (*before, *(later if before else _from_first_known(later)))
                for account, later in found.items()
                for before in (self.accounts.get(account, ()),)
            },
        )

    def since(self, moment: datetime) -> Tally:
        """All that was counted in cells that begin then or later, over all accounts."""
        cells = (cell for account in self.accounts.values() for cell in account)
        tallies = (
            each for cell in cells if cell.interval.start >= moment for each in cell.by_revision.values()
        )
        return sum(tallies, Tally())


def account_of(objective: Objective) -> str:
    """Return the account that an objective is judged by."""
    if objective.latency is None:
        return REQUESTS
    return f"latency-{objective.latency.threshold_milliseconds}"


def fitted(record: Record, now: datetime, first: datetime, borders: Iterable[datetime] = ()) -> Record:
    """Forget what ended before the first moment of interest, and join old cells until the text fits."""
    apart = tuple(borders)
    kept = {
        account: tuple(cell for cell in cells if cell.interval.end > first)
        for account, cells in record.accounts.items()
    }
    for width in WIDTHS:
        made = Record(record.until, {name: aged(cells, now, apart, width) for name, cells in kept.items()})
        if len(text_of(made)) <= LARGEST_BYTES:
            return made
    return Record(
        record.until, {name: tuple(map(_as_earlier, cells)) for name, cells in made.accounts.items()}
    )


def text_of(record: Record) -> str:
    """Write a record."""
    cells = [cell for account in record.accounts.values() for cell in account]
    revisions = sorted({revision for cell in cells for revision in cell.by_revision})
    places = {revision: place for place, revision in enumerate(revisions)}
    accounts = {
        account: {
            "since": f"{(found[0].interval.start if found else record.until):{_TIME}}",
            "cells": [_cell_text(cell, places) for cell in found],
        }
        for account, found in record.accounts.items()
    }
    whole = {"version": _VERSION, "until": f"{record.until:{_TIME}}", "revisions": revisions}
    return json.dumps({**whole, "accounts": accounts}, separators=(",", ":"))


def record_from(text: str) -> Record:
    """Read a record; ValueError for a text that is none, was cut off, or was edited to overlap."""
    try:
        read = json.loads(text)
        if read["version"] != _VERSION:
            raise ValueError(f"version {read['version']} is not {_VERSION}")
        accounts = {
            str(account): tuple(_cells(found, read["revisions"]))
            for account, found in read["accounts"].items()
        }
        return Record(_moment(read["until"]), accounts)
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError) as wrong:
        raise ValueError(f"not a record: {type(wrong).__name__} {wrong}") from wrong


def _cells(found: Mapping[str, object], revisions: list[str]) -> Iterable[Cell]:
    start = _moment(str(found["since"]))
    texts = found["cells"]
    if not isinstance(texts, list):
        raise TypeError("cells is no list")
    for text in texts:
        match = _CELL.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no cell")
        length, unknown, counts = match.groups()
        end = start + timedelta(seconds=int(length))
        tallies = {}
        for place, good, bad in re.findall(r"(\d+):(\d+)/(\d+)", counts):
            tallies[str(revisions[int(place)])] = Tally(int(good), int(bad))
        yield Cell(Interval(start, end), tallies, timedelta(seconds=int(unknown or 0)))
        start = end


def _cell_text(cell: Cell, places: Mapping[str, int]) -> str:
    counts = (f" {places[one]}:{tally.good}/{tally.bad}" for one, tally in sorted(cell.by_revision.items()))
    unknown = f"u{cell.unknown // _SECOND}" if cell.unknown else ""
    return f"{cell.interval.length // _SECOND}{unknown}{''.join(counts)}"


def _moment(text: str) -> datetime:
    return datetime.strptime(text, _TIME).replace(tzinfo=UTC)


def _from_first_known(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    for place, cell in enumerate(cells):
        if cell.requests or cell.unknown < cell.interval.length:
            return cells[place:]
    return ()


def _as_earlier(cell: Cell) -> Cell:
    whole = sum(cell.by_revision.values(), Tally())
    return replace(cell, by_revision={EARLIER: whole} if whole.total else {})
