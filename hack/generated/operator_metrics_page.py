"""docs/reference/operator-metrics.md: every series of the operator, from a registry as a replica fills it."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import CollectorRegistry

from hack.generated import ROOT, metric_rows
from paddle_operator import names
from paddle_operator.cluster.ports import Key
from paddle_operator.rollout.machine import State
from paddle_operator.rollout.verdict import Evidence, Finding, Verdict
from paddle_operator.settings import PREFIX, Settings
from paddle_operator.sla.golden import SERVICE_LABELS
from paddle_operator.status.conditions import TYPES
from paddle_operator.telemetry.series import GAUGES, Telemetry

PAGE = ROOT / "docs" / "reference" / "operator-metrics.md"
HEAD = f"""\
<!-- Made by `make generate`; do not edit. -->

# Metrics of the operator

At `GET /metrics` of every replica, in Prometheus' text form, on the port of its probes
(`{PREFIX}PROBE_PORT`, {Settings.probe_port}). Every known set of labels is there from the start, at 0, so
that a rate never lies. The `process_` series beside these are of the operator's process. How to scrape them:
[monitor](../how-to/monitor.md).

A *look* is one run of the operator's flow for one service. Only the replica that leads looks, acts and tells
of conditions; one that waits for the Lease has an empty queue and no series of services. Requests of the
watches are not among the requests: whether those live is what the watch's age says.

Series of rollouts are told by the replica that leads, and go with the service, or with its `spec.rollout`.
The words of their states, holds and reasons are those of [the states of a rollout](rollout.md), the figures
those of [the gate](gate.md). Evidence is that of the canary that is judged, or was last.

"""
OPEN = (*SERVICE_LABELS, "version", "state", "hold", "reason", "objective")


def files() -> dict[Path, str]:
    """Return the page's text."""
    found = metric_rows.rows(filled(), names.METRIC_OPERATOR_PREFIX, OPEN)
    return {PAGE: HEAD + metric_rows.HEAD + "\n".join(found) + "\n"}


def filled() -> CollectorRegistry:
    """Return a registry with every family, and all that there is of a service."""
    registry = CollectorRegistry()
    telemetry = Telemetry(registry, "")
    for name in GAUGES:
        telemetry.gauge(name, lambda: 0.0)
    said = [{"type": type_, "status": "Unknown"} for type_ in TYPES]
    telemetry.conditions("", "", {"conditions": said})
    telemetry.golden_begins("", "")
    nobody, nothing = Key("", ""), Evidence("", 0, 0, 0, 0, 1.0, 1.0, 1.0, Finding.NO_DATA)
    telemetry.rollouts.begins(nobody)
    telemetry.rollouts.stands(nobody, State.STEADY, None, 0)
    telemetry.rollouts.judged(
        nobody, Verdict(Finding.NO_DATA, step_passes=False, proven=False, objectives=(nothing,))
    )
    return registry
