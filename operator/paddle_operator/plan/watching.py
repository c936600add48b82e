"""Which objects only watch a service: requests are answered without them."""

from __future__ import annotations

from paddle_operator import names

_KINDS = frozenset({"PrometheusRule", "PodMonitor"})


def only_watches(service: str, kind: str, name: str) -> bool:
    """Tell whether an object of this service's rules, scrapes or dashboard is meant."""
    if kind == "ConfigMap":
        return name in {names.rules_name(service), names.dashboard_name(service)}
    return kind in _KINDS
