"""Numbers and moments as the API has them: whole numbers and decimal text, no floats, times in UTC."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

from paddle_operator.sla.intervals import utc

UP, DOWN = 1, -1


def decimal_text(value: Fraction, places: int, towards: int) -> str:
    """Write a number with so many decimals at most, rounded UP or DOWN, without zeros at the end."""
    scaled = value * 10**places
    whole = -(-scaled // 1) if towards == UP else scaled // 1
    digits = f"{abs(whole):0{places + 1}d}"
    text = f"{digits[:-places]}.{digits[-places:]}".rstrip("0").rstrip(".") if places else digits
    return f"-{text}" if whole < 0 else text


def percent_text(share: Fraction, places: int, towards: int) -> str:
    """Write a share as a percentage: 999/1000 is 99.9."""
    return decimal_text(share * 100, places, towards)


def moment_text(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC, with milliseconds where it has some."""
    at = utc(moment)
    return at.isoformat(timespec="milliseconds" if at.microsecond else "seconds").replace("+00:00", "Z")


def moment_read(text: str) -> datetime:
    """Read what `moment_text` wrote, or what a person did; ValueError for a time without zone."""
    return utc(datetime.fromisoformat(text))


def whole_seconds(length: timedelta) -> int:
    """Return elapsed time in seconds, a begun one as a whole."""
    return -(-length // timedelta(seconds=1))
