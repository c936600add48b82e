"""Tables and figures as docs/benchmarks.md writes them."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Result = Mapping[str, Any]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def spread(values: Mapping[str, float], form: str = ".2f") -> str:
    """Median, and both ends."""
    return f"{values['median']:{form}} ({values['min']:{form}} to {values['max']:{form}})"


def percent(share: float, form: str = ".0f") -> str:
    """A share of one as people read it."""
    return f"{100 * share:{form}} %"


def summary(values: Sequence[float]) -> dict[str, float]:
    """Median and ends, as result files have them."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}
