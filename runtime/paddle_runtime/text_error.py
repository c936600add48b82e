"""How far one text is from another, in characters. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Sequence


def error_rate(expected: str, got: str) -> float:
    """Edit distance over the expected length; 0 is equal."""
    if not expected:
        return float(bool(got))
    return edit_distance(expected, got) / len(expected)


def edit_distance(left: Sequence[Hashable], right: Sequence[Hashable]) -> int:
    """Insertions, deletions and substitutions that make one into the other.

    A column of the usual table is kept as the bits of two whole numbers, where it rises by one and where it
    falls, and each step is a few operations on them (Myers 1999, in Hyyrö's form): two pages of 5,000
    characters take milliseconds, where the table takes seconds.
    """
    if not left:
        return len(right)
    places: dict[Hashable, int] = {}
    for row, item in enumerate(left):
        places[item] = places.get(item, 0) | 1 << row
    every, last = (1 << len(left)) - 1, 1 << (len(left) - 1)
    rises, falls, distance = every, 0, len(left)
    for item in right:
        same = places.get(item, 0)
        level = (((same & rises) + rises) ^ rises) | same
        across_rises, across_falls = falls | (every & ~(level | rises)), rises & level
        distance += bool(across_rises & last) - bool(across_falls & last)
        across_rises, across_falls = across_rises << 1 | 1, across_falls << 1
        kept = same | falls
        rises, falls = every & (across_falls | ~(kept | across_rises)), every & across_rises & kept
    return distance
