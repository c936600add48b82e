"""Kubernetes quantities as numbers, for sums and comparisons."""

from __future__ import annotations

import math
from decimal import Decimal

_FACTORS = {
    "n": Decimal("0.000000001"),
    "u": Decimal("0.000001"),
    "m": Decimal("0.001"),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
    "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}
LARGEST = Decimal(2**63 - 1)


def amount_of(quantity: int | str) -> Decimal:
    """Return the number that a quantity stands for. Its form was checked when it was parsed."""
    text = str(quantity)
    for length in (2, 1):
        factor = _FACTORS.get(text[-length:])
        if factor is not None:
            return Decimal(text[:-length]) * factor
    return Decimal(text)


def bytes_of(quantity: int | str) -> int:
    """Return whole bytes, rounded up as Kubernetes does."""
    return math.ceil(amount_of(quantity))


def in_bytes(count: int) -> str:
    """Write bytes as the API server writes them: with the largest binary unit that divides them."""
    for unit in ("Ei", "Pi", "Ti", "Gi", "Mi", "Ki"):
        size = int(_FACTORS[unit])
        if count and count % size == 0:
            return f"{count // size}{unit}"
    return str(count)


def as_stored(quantity: int | str) -> Decimal:
    """Return what the API server makes of a compute resource: rounded up to thousandths, at most 2**63-1."""
    return min(Decimal(math.ceil(amount_of(quantity) * 1000)) / 1000, LARGEST)


def same_amount(one: object, other: object) -> bool:
    """Tell whether the API server stores two values as the same amount; values that are no quantities are
    compared as they are."""
    try:
        return as_stored(str(one)) == as_stored(str(other))
    except ArithmeticError:
        return one == other
