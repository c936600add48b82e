"""Lines into the closed set of shapes: which lines go together, at which width. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Slot:
    """A shape that the program was warmed for."""

    batch: int
    width: int


@dataclass(frozen=True)
class Batch:
    """Lines that are run together; fewer lines than the slot's batch leave rows empty."""

    slot: Slot
    lines: tuple[int, ...]


def plan_batches(widths: Sequence[int], slots: Sequence[Slot]) -> list[Batch]:
    """Every line into the narrowest width that holds it, lines of one width into the fewest empty rows."""
    planned: list[Batch] = []
    waiting = sorted(range(len(widths)), key=lambda line: (widths[line], line))
    for width in sorted({slot.width for slot in slots}):
        here = [line for line in waiting if widths[line] <= width]
        waiting = waiting[len(here) :]
        sizes = sorted(slot.batch for slot in slots if slot.width == width)
        while here:
            size = best_size(len(here), sizes)
            planned.append(Batch(Slot(size, width), tuple(here[:size])))
            here = here[size:]
    if waiting:
        raise ValueError(f"line {waiting[0]} is {widths[waiting[0]]} pixels wide, more than every bucket")
    return planned


def squeezed(width: int, widths: Sequence[int], most: float) -> int:
    """The width in which a line is read: its own, or that of the bucket below where it is little narrower.

    Reading costs by the column. Of widths in steps of a quarter a line fills nine tenths on average; narrowed
    by up to `most` it mostly takes the step below, and says the same.
    """
    return min(width, min((each for each in widths if width <= each * most), default=max(widths)))


def best_size(lines: int, sizes: Sequence[int]) -> int:
    """The largest batch that is filled; when none is, the smallest there is."""
    filled = [size for size in sizes if size <= lines]
    return max(filled) if filled else min(sizes)
