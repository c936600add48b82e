"""Where the operator sends a service's golden requests, and whether it does."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from paddle_operator import names
from paddle_operator.plan.model import KubeObject, LiveRevision, Plan
from paddle_operator.sla.golden import is_asked
from paddle_operator.sla.objectives import latency_thresholds_milliseconds
from paddle_operator.spec.model import Service
from paddle_operator.spec.promise import Sla
from paddle_operator.spec.report import CountedAt

LEAST_TIMEOUT_SECONDS = 5.0
"""A late answer is one: how late, the latency objectives judge. This is for those that never come."""


@dataclass(frozen=True, slots=True)
class GoldenTarget:
    """Where to ask, how often, and for how long to wait."""

    address: str
    period_seconds: int
    timeout_seconds: float


def golden_target(service: Service, objects: Iterable[KubeObject]) -> GoldenTarget | None:
    """Return where the service is asked: at its plain Service, as callers inside the cluster ask it.

    None where it is not to be asked, or before its Service has an address.
    """
    sla = service.spec.sla
    address = _cluster_address(service.identity.name, objects) if is_asked(service.spec) else ""
    if not address:
        return None
    url = f"http://{address}:{names.SERVICE_PORT}{names.PATH_GOLDEN}"
    return GoldenTarget(url, sla.synthetic.period_seconds, _timeout_seconds(sla))


def has_served(wanted: Plan, live: Iterable[LiveRevision], status: Mapping[str, Any]) -> bool:
    """Tell whether the service is there or was: one that has yet to start breaks no promise."""
    figures = (status.get("sla") or {}).get("objectives") or ()
    asked_before = any(one.get("source") == CountedAt.SYNTHETIC for one in figures)
    return asked_before or any(one.name == wanted.stable and one.ready_replicas for one in live)


def _cluster_address(name: str, objects: Iterable[KubeObject]) -> str:
    """Return the address of the plain Service as a URL has it, empty where there is none."""
    for item in objects:
        if item["kind"] == "Service" and item["metadata"]["name"] == name:
            try:
                address = ipaddress.ip_address(str((item.get("spec") or {}).get("clusterIP", "")))
            except ValueError:
                return ""
            return f"[{address}]" if address.version == 6 else str(address)
    return ""


def _timeout_seconds(sla: Sla) -> float:
    thresholds = latency_thresholds_milliseconds(sla)
    return max(LEAST_TIMEOUT_SECONDS, *(milliseconds / 1000 for milliseconds in thresholds), 0.0)
