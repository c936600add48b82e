"""The kinds that the operator reads and writes, and where the API server has them.

A fixed table instead of discovery: every request goes to an address known beforehand, the RBAC rules are this
table with verbs, and nothing is cached on disk.
"""

from __future__ import annotations

from dataclasses import dataclass

from paddle_operator import names
from paddle_operator.plan import ObjectKey


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: group and version, name, plural."""

    api_version: str
    kind: str
    plural: str

    @property
    def group(self) -> str:
        """The group; empty for the core."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        """The version without the group."""
        return self.api_version.rpartition("/")[2]


SERVICE_RESOURCE = Kind(names.API_VERSION, names.KIND, names.PLURAL)
REPORT = Kind(names.API_VERSION, names.REPORT_KIND, names.REPORT_PLURAL)
DEPLOYMENT = Kind("apps/v1", "Deployment", "deployments")
JOB = Kind("batch/v1", "Job", "jobs")
POD = Kind("v1", "Pod", "pods")
NODE = Kind("v1", "Node", "nodes")
CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps")
EVENT = Kind("v1", "Event", "events")
LEASE = Kind("coordination.k8s.io/v1", "Lease", "leases")
HTTP_ROUTE = Kind("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes")
BACKEND_POLICY = Kind("gateway.envoyproxy.io/v1alpha1", "BackendTrafficPolicy", "backendtrafficpolicies")
AUTOSCALER = Kind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
SCALED_OBJECT = Kind("keda.sh/v1alpha1", "ScaledObject", "scaledobjects")
PROMETHEUS_RULE = Kind("monitoring.coreos.com/v1", "PrometheusRule", "prometheusrules")
POD_MONITOR = Kind("monitoring.coreos.com/v1", "PodMonitor", "podmonitors")
ALWAYS = (
    CONFIG_MAP,
    Kind("v1", "Service", "services"),
    DEPLOYMENT,
    JOB,
    Kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"),
    Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
    AUTOSCALER,
)
"""Owned kinds that every cluster has."""
OPTIONAL = (HTTP_ROUTE, BACKEND_POLICY, SCALED_OBJECT, PROMETHEUS_RULE, POD_MONITOR)
"""Owned kinds that come with a gateway, with KEDA or with the Prometheus operator."""
OWNED = ALWAYS + OPTIONAL
SCALERS = (AUTOSCALER, SCALED_OBJECT)
"""Read at each look and not watched: their status is written every few seconds (plan/scaling.py)."""
WATCHED = tuple(one for one in OWNED if one not in SCALERS)
BY_KEY = {(one.api_version, one.kind): one for one in OWNED}


def kind_of(target: ObjectKey) -> Kind:
    """The table's entry for an object; a plan never names a kind that is not in it."""
    return BY_KEY[target.api_version, target.kind]
