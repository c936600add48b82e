"""docs/reference/runtime-metrics.md: every series of the runtime, from a registry as a server fills it."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import CollectorRegistry

from hack.generated import ROOT, metric_rows
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

"""
OPEN_LABELS = ("name", "digest", "task", "engine", "device", "revision", "worker")


def files() -> dict[Path, str]:
    """Return the page's text."""
    found = metric_rows.rows(filled(), PREFIX, OPEN_LABELS)
    return {PAGE: HEAD + metric_rows.HEAD + "\n".join(found) + "\n"}


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
