"""Rows of a reference page: every family of a registry that is filled as its program fills it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

HEAD = "| series | type | labels | meaning |\n| --- | --- | --- | --- |\n"


def rows(registry: CollectorRegistry, prefix: str, open_labels: Collection[str]) -> Iterator[str]:
    """Yield a row for each series, by name. The values of open labels are a server's own and left out."""
    for family in sorted(registry.collect(), key=lambda each: each.name):
        if family.name.startswith(prefix):
            name = family.name + ("_total" if family.type == "counter" else "")
            row = f"{labels(family, open_labels)} | {family.documentation}"
            yield f"| `{name}` | {family.type} | {row} |"


def labels(family: Metric, open_labels: Collection[str]) -> str:
    """Return each label with the values that it takes, where they are known before."""
    values: dict[str, dict[str, None]] = {}
    for sample in family.samples:
        for label, value in sample.labels.items():
            if label != "le":
                values.setdefault(label, {})[value] = None
    if values.keys() <= set(open_labels):
        return ", ".join(f"`{label}`" for label in values)
    return "; ".join(
        f"`{label}`" if label in open_labels else f"`{label}`: {', '.join(known)}"
        for label, known in values.items()
    )
