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


def plan_batches(widths: Sequence[int], slots: Sequence[Slot], *, rows_cost: bool = True) -> list[Batch]:
    """Every line into the narrowest width that holds it, lines of one width into batches.

    rows_cost: whether an empty row costs as much as a full one, as on a CPU; else calls are what costs.
    """
    planned: list[Batch] = []
    waiting = sorted(range(len(widths)), key=lambda line: (widths[line], line))
    for width in sorted({slot.width for slot in slots}):
        here = [line for line in waiting if widths[line] <= width]
        waiting = waiting[len(here) :]
        sizes = sorted(slot.batch for slot in slots if slot.width == width)
        for size in batch_sizes(len(here), sizes, rows_cost=rows_cost):
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


def batch_sizes(lines: int, sizes: Sequence[int], *, rows_cost: bool = True) -> list[int]:
    """Sizes of the batches that take all lines: the fewest empty rows, or the fewest calls."""
    chosen: list[int] = []
    while lines > 0:
        filled = [size for size in sizes if size <= lines]
        holding = [size for size in sizes if size >= lines]
        if rows_cost:
            size = max(filled) if filled else min(sizes)
        else:
            size = min(holding) if holding else max(sizes)
        chosen.append(size)
        lines -= size
    return chosen
