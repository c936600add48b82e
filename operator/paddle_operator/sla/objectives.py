"""The promise as data for others: its hash, the runtime's file, one line for people."""

from __future__ import annotations

import hashlib
from typing import Any

from paddle_operator.spec.base import canonical_json
from paddle_operator.spec.promise import MinTraffic, Objective, Sla, Synthetic, Window, WindowType

HASH_LENGTH = 16
"""Hex digits of slaHash: 64 bits tell all promises of a cluster apart."""


def sla_hash(sla: Sla) -> str:
    """Hash the promise. The order of named things does not matter; what is left out is as its default
    written out, and what came later is left out where it is its default, so that no hash changes by it."""
    block = sla.model_dump(by_alias=True, mode="json", exclude_none=True)
    for field in ("objectives", "exclusions"):
        block[field].sort(key=lambda item: item["name"])
    if not sla.exclusions:
        del block["exclusions"]
    if sla.min_traffic == MinTraffic():
        del block["minTraffic"]
    if sla.synthetic == Synthetic():
        del block["synthetic"]
    if sla.window.type is WindowType.ROLLING:
        block["window"]["days"] = sla.window.days
    else:
        block["window"]["timeZone"] = sla.window.zone_name
    return hashlib.sha256(canonical_json(block).encode()).hexdigest()[:HASH_LENGTH]


def latency_thresholds_milliseconds(sla: Sla) -> tuple[int, ...]:
    """Return the thresholds that must be boundaries of the latency histogram, ascending, each once."""
    found = {o.latency.threshold_milliseconds for o in sla.objectives if o.latency is not None}
    return tuple(sorted(found))


def sla_document(sla: Sla) -> dict[str, Any]:
    """Return the content of sla.json, which the runtime reads again whenever it changes."""
    return {
        "slaHash": sla_hash(sla),
        "latencyThresholdsMilliseconds": list(latency_thresholds_milliseconds(sla)),
    }


def promise(sla: Sla) -> str:
    """Say the promise in one line, as status shows it."""
    parts = ", ".join(objective_text(objective) for objective in sla.objectives)
    without = f"; not during {', '.join(one.name for one in sla.exclusions)}" if sla.exclusions else ""
    return f"{parts}; {window_text(sla.window)}{without}"


def window_text(window: Window) -> str:
    """Say in words over which time the promise holds."""
    if window.type is WindowType.CALENDAR:
        return f"in each calendar month ({window.zone_name})"
    return f"over {window.days} days"


def objective_text(objective: Objective) -> str:
    """Say one objective in words."""
    if objective.availability is not None:
        return f"{objective.availability.target_percent} % of requests answered"
    if objective.latency is not None:
        latency = objective.latency
        return f"{latency.percentile} % within {latency.threshold_milliseconds} ms"
    assert objective.error_rate is not None  # rule one-kind
    return f"at most {objective.error_rate.max_percent} % failed"
