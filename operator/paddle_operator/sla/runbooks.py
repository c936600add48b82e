"""What to do when an alert of a service fires: the first step in the alert, the rest on a page. Pure data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Runbook:
    """What to do about one alert."""

    page: str
    """Name of the file under docs/runbooks."""
    first: str
    """What to do first, of the service {name} in {namespace}: the page may be out of reach."""

    def annotations(self, namespace: str, name: str, address: str) -> dict[str, str]:
        """Return what an alert says of it. Without an address of the pages there is no link, which would not
        open."""
        action = {"action": self.first.format(namespace=namespace, name=name)}
        return {**action, "runbook_url": f"{address.rstrip('/')}/{self.page}"} if address else action


_STATUS = "kubectl paddle_sla status {name} -n {namespace}"
_PODS = "kubectl get pods -n {namespace} -l serving.paddle-sla.io/service={name}"

BURN = Runbook(
    "budget-burn.md",
    f"Run '{_STATUS}'. Ask Prometheus for paddle_runtime_requests_total by outcome, code, revision and pod: "
    "refused wants more pods, bad in one pod wants it deleted, bad in one revision wants the last change of "
    "spec.model or spec.runtime taken back.",
)
SPENT = Runbook(
    "budget-spent.md",
    f"Run '{_STATUS}' to see whether it still burns. If so, stop that first; if not, hold back changes until "
    "the window has given the budget back.",
)
MISSING = Runbook(
    "metrics-missing.md",
    f"Run '{_PODS}'. No pod is ready: it is an outage, and '{_STATUS}' says why. Pods are ready: "
    "see on Prometheus' page Targets why they are not scraped, and look at the condition MetricsAvailable.",
)
NONE_READY = Runbook(
    "no-pod-ready.md",
    f"Run '{_STATUS}' and '{_PODS}': the conditions Ready and ModelLoaded say why no pod is ready, and "
    "what to do about it.",
)
NOT_MEASURED = Runbook(
    "threshold-not-measured.md",
    "Compare 'kubectl get configmap {name}-sla -n {namespace} -o yaml' with spec.sla; pods that have not "
    "read it within minutes tell why in their logs, and can be deleted one by one.",
)
