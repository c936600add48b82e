"""Selectors of series as text for Prometheus. Pure."""

from __future__ import annotations

from collections.abc import Iterable


def selector(metric: str, *matchers: str) -> str:
    """Write a selector of one metric."""
    return f"{metric}{{{','.join(matchers)}}}"


def equal(label: str, value: str) -> str:
    """Write the matcher for a label with this very value."""
    return f'{label}="{_quoted(value)}"'


def one_of(label: str, patterns: Iterable[str]) -> str:
    """Write the matcher for a label that fits one of these regular expressions as a whole."""
    return f'{label}=~"{_quoted("|".join(patterns))}"'


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
