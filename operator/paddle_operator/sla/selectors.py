"""Selectors of series as text for Prometheus. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from paddle_operator.sla.series import BOUNDARY_LABEL

EVERY_ANSWER = r"[+]Inf"
"""The boundary that every histogram has."""


def selector(metric: str, *matchers: str) -> str:
    """Write a selector of one metric."""
    return f"{metric}{{{','.join(matchers)}}}"


def equal(label: str, value: str) -> str:
    """Write the matcher for a label with this very value."""
    return f'{label}="{_quoted(value)}"'


def one_of(label: str, patterns: Iterable[str]) -> str:
    """Write the matcher for a label that fits one of these regular expressions as a whole."""
    return f'{label}=~"{_quoted("|".join(patterns))}"'


def at_boundaries(thresholds_milliseconds: Iterable[int], *more: str) -> str:
    """Write the matcher for a histogram's buckets at these thresholds, and at other patterns."""
    return one_of(BOUNDARY_LABEL, [*map(_boundary, thresholds_milliseconds), *more])


def _boundary(threshold_milliseconds: int) -> str:
    """A boundary is in seconds: 1 second is "1" in one client library and "1.0" in another."""
    whole, _, part = f"{(Decimal(threshold_milliseconds) / 1000).normalize():f}".partition(".")
    return f"{whole}[.]{part}0*" if part else f"{whole}([.]0+)?"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
