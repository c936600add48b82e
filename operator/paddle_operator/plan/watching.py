"""Which objects only watch a service: requests are answered without them."""

from __future__ import annotations

from paddle_operator import names

_KINDS = frozenset({"PrometheusRule", "PodMonitor", names.REPORT_KIND})


def only_watches(service: str, kind: str, name: str) -> bool:
    """Tell whether an object of this service's rules, scrapes, dashboard, reports or memory is meant."""
    if kind == "ConfigMap":
        return name in {
            names.rules_name(service),
            names.dashboard_name(service),
            names.sla_record_name(service),
            names.work_profile_name(service),
        }
    return kind in _KINDS
