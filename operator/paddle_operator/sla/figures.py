"""Figures of a sum: each with its unit, where it comes from, and how it was got. Exact until written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

_UNITS_OF_TIME = (("d", 86_400), ("h", 3600), ("min", 60))


class Unit(StrEnum):
    """What a figure counts."""

    SECONDS = "s"
    SHARE = "%"
    PODS = "pods"
    TIMES = "times"
    REQUESTS = "requests"
    PER_SECOND = "requests/s"


class Origin(StrEnum):
    """Where a figure comes from."""

    GIVEN = "given"
    """The resource says it."""
    DEFAULT = "default"
    """The resource has the default of the field."""
    FIXED = "fixed"
    """Every pod and route that this version makes has it."""
    MEASURED = "measured"
    BOUND = "at most"
    """Not measured; it cannot be more."""
    SUM = "sum"
    """Made of the others."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its unit."""

    value: Fraction
    """A share of 1 where the unit is SHARE."""
    unit: Unit
    origin: Origin

    def __str__(self) -> str:
        if self.unit is Unit.SECONDS:
            return duration_text(self.value)
        if self.unit is Unit.SHARE:
            return percent_text(self.value)
        return f"{number_text(self.value)} {'pod' if self._is_one_pod else self.unit}"

    @property
    def _is_one_pod(self) -> bool:
        return self.unit is Unit.PODS and self.value == 1


@dataclass(frozen=True, slots=True)
class Term:
    """One line of a sum."""

    name: str
    figure: Figure
    how: str = ""
    """What it was made of, in words."""

    def __str__(self) -> str:
        return f"{self.name}: {self.how} = {self.told}" if self.how else f"{self.name}: {self.told}"

    @property
    def told(self) -> str:
        """The figure and where it comes from."""
        return f"{self.figure} ({self.figure.origin})"


def seconds(value: Fraction | int, origin: Origin) -> Figure:
    """Return a time."""
    return Figure(Fraction(value), Unit.SECONDS, origin)


def duration_text(value: Fraction) -> str:
    """Write seconds as people say them, in at most two units: 43 min 12 s. Parts below the last are cut."""
    if 0 < value < 1:
        return f"{number_text(value * 1000)} ms"
    if value < 10 and value.denominator != 1:
        return f"{number_text(value)} s"
    whole = int(value)
    for place, (unit, size) in enumerate(_UNITS_OF_TIME):
        if whole >= size:
            smaller, its_size = (*_UNITS_OF_TIME[place + 1 :], ("s", 1))[0]
            rest = whole % size // its_size
            return f"{whole // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole} s"


def length_text(length: timedelta) -> str:
    """Write a length of time in the same way, in whole seconds."""
    return duration_text(Fraction(length // timedelta(seconds=1)))


def percent_text(share: Fraction) -> str:
    """Write a share of 1 as a percentage, with up to six digits and no empty ones."""
    return f"{_plain(share * 100, 6)} %"


def number_text(value: Fraction) -> str:
    """Write a number with three digits, or all of those before the point."""
    return str(round(value)) if value >= 100 else _plain(value, 3)


def _plain(value: Fraction, digits: int) -> str:
    """Without an exponent, whatever the size."""
    return f"{Decimal(f'{float(value):.{digits}g}'):f}"
