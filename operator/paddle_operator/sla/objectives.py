"""The promise as data for others: its hash, the runtime's file, one line for people."""

from __future__ import annotations

import hashlib
from typing import Any

from paddle_operator.spec.base import canonical_json
from paddle_operator.spec.promise import Objective, Sla

HASH_LENGTH = 16
"""Hex digits of slaHash: 64 bits tell all promises of a cluster apart."""


def sla_hash(sla: Sla) -> str:
    """Hash the promise. The order of objectives does not matter, since they are told apart by name."""
    block = sla.model_dump(by_alias=True, mode="json", exclude_none=True)
    block["objectives"].sort(key=lambda objective: objective["name"])
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
    return f"{parts}; over {sla.window.days} days"


def objective_text(objective: Objective) -> str:
    """Say one objective in words."""
    if objective.availability is not None:
        return f"{objective.availability.target_percent} % of requests answered"
    if objective.latency is not None:
        latency = objective.latency
        return f"{latency.percentile} % within {latency.threshold_milliseconds} ms"
    assert objective.error_rate is not None  # rule one-kind
    return f"at most {objective.error_rate.max_percent} % failed"
