"""docs/reference/runtime-metrics.md: every series of the runtime, from a registry as a server fills it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from hack.generated import ROOT
from paddle_runtime.metrics import GAUGES, PREFIX, Metrics
from paddle_runtime.sla import boundaries_seconds
from paddle_runtime.tasks import TASKS
from paddle_runtime.transport import codes

PAGE = ROOT / "docs" / "reference" / "runtime-metrics.md"
HEAD = """\
<!-- Made by `make generate`; do not edit. -->

# Metrics of the runtime

At `GET /metrics`, in Prometheus' text form. Every set of labels is there from the start, at 0, so that a rate
never lies. The `process_` series beside these are of the front end's own process.

The histogram `paddle_runtime_request_duration_seconds` holds good answers only. A latency objective is
therefore

```text
good  = paddle_runtime_request_duration_seconds_bucket{le="THRESHOLD"}
total = sum(paddle_runtime_requests_total{outcome=~"good|bad|refused"})
```

which counts what was slow, what failed and what was refused as bad. Every promised threshold is a boundary of
its own, beside the usual ones. Requests tagged as synthetic are in `paddle_runtime_synthetic_requests_total`
alone. Which code comes for which reason: [errors](runtime-errors.md).

| series | type | labels | meaning |
| --- | --- | --- | --- |
"""
OPEN_LABELS = ("digest", "worker")  # families whose values are a server's own


def files() -> dict[Path, str]:
    """Return the page's text."""
    return {PAGE: HEAD + "\n".join(rows()) + "\n"}


def rows() -> Iterator[str]:
    """Yield a row for each series, by name."""
    for family in sorted(filled().collect(), key=lambda each: each.name):
        if family.name.startswith(PREFIX):
            name = family.name + ("_total" if family.type == "counter" else "")
            yield f"| `{name}` | {family.type} | {labels(family)} | {family.documentation} |"


def filled() -> CollectorRegistry:
    """Return a registry with every family, and every set of labels of any task."""
    registry = CollectorRegistry()
    metrics = Metrics(
        registry,
        outcomes=codes.OUTCOME_LABELS,
        refusals=sorted(codes.REFUSED_REASONS),
        stages=dict.fromkeys(stage for serving in TASKS.values() for stage in serving.stages),
        boundaries=boundaries_seconds(()),
    )
    metrics.describe_model(name="", digest="", task="", engine="", device="", revision="")
    for name in GAUGES:
        metrics.gauge(name, lambda: 0.0)
    metrics.worker_memory({"0": lambda: 0.0})
    return registry


def labels(family: Metric) -> str:
    """Return each label with the values that it takes, where they are known before."""
    values: dict[str, dict[str, None]] = {}
    for sample in family.samples:
        for label, value in sample.labels.items():
            if label != "le":
                values.setdefault(label, {})[value] = None
    if any(label in values for label in OPEN_LABELS):
        return ", ".join(f"`{label}`" for label in values)
    return "; ".join(f"`{label}`: {', '.join(known)}" for label, known in values.items())
