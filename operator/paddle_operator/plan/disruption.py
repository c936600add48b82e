"""The PodDisruptionBudget: a drained node takes at most one of the pods that serve at a time.

It covers the stable revision only: counting a new one's unready pods would let a bad rollout block every
drain. One replica is no exception: maxUnavailable 1 never blocks, and the pod moves.
"""

from __future__ import annotations

from paddle_operator import names
from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import KubeObject
from paddle_operator.spec.model import Identity


def disruption_budget(identity: Identity, stable: str | None) -> KubeObject | None:
    """Return the budget; None before any revision serves."""
    if stable is None:
        return None
    spec = {
        "maxUnavailable": 1,
        "selector": {"matchLabels": {names.LABEL_SERVICE: identity.name, names.LABEL_REVISION: stable}},
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }
    return kube_object(identity, "policy/v1", "PodDisruptionBudget", identity.name, {"spec": spec})
