"""What must be there for services to work, checked with a person's own rights."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

from paddle_operator.cli.columns import columns
from paddle_operator.cli.show import condition
from paddle_operator.cluster import kinds
from paddle_operator.cluster.api import Api
from paddle_operator.cluster.leases import HEARTBEAT_LABEL
from paddle_operator.errors import ClusterRefused
from paddle_operator.plan import KubeObject

_NEEDED = "routing.type GatewayAPI and retries need it"
OPTIONAL = (
    (kinds.HTTP_ROUTE, "Gateway API", _NEEDED),
    (kinds.BACKEND_POLICY, "Envoy Gateway", _NEEDED),
    (kinds.PROMETHEUS_RULE, "Prometheus operator", "rules are made as files only, in ConfigMaps"),
)
OPERATOR_PODS = "app.kubernetes.io/name=paddle-sla-operator"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `good` is None where it is a choice and not a fault."""

    what: str
    good: bool | None
    said: str


async def examine(api: Api, namespace: str) -> AsyncIterator[Finding]:
    """Look at the API server, the CRD, the operator, the gateway and the namespace's services."""
    try:
        served = await api.groups()
    except ClusterRefused as refused:
        yield Finding("API server", False, refused.message)
        return
    yield Finding("API server", True, "answers")
    resource = kinds.SERVICE_RESOURCE
    if resource.api_version not in served:
        yield Finding("CRD", False, f"{resource.api_version} is not served: install chart paddle-sla-crds")
        return
    yield Finding("CRD", True, f"{resource.api_version} is served")
    yield await _operator(api)
    for kind, what, for_what in OPTIONAL:
        there = kind.api_version in served
        absent = f"is not served: {for_what}"
        yield Finding(what, there or None, f"{kind.api_version} {'is served' if there else absent}")
    for verb in ("create", "patch", "delete"):
        allowed = await api.may(verb, resource, namespace)
        yield Finding(f"may {verb}", allowed, f"{resource.plural} in namespace {namespace}")
    try:
        found = await api.list(resource, namespace)
    except ClusterRefused as refused:
        yield Finding("services", False, refused.message)
        return
    yield stalled(found, namespace)
    yield measured(found)


def report(findings: Iterable[Finding]) -> str:
    """The findings as a table."""
    marks = {True: "ok", False: "WRONG", None: "-"}
    return columns([(marks[one.good], one.what, one.said) for one in findings])


async def _operator(api: Api) -> Finding:
    try:
        beating = await api.list(kinds.LEASE, None, label_selector=f"{HEARTBEAT_LABEL}=true")
    except ClusterRefused as refused:
        return Finding("operator", None, f"cannot be looked for: {refused.message}")
    if not beating:
        remedy = "install chart paddle-sla-operator, or look why it does not run: kubectl get pods -A -l "
        return Finding("operator", False, f"no replica has a heartbeat: {remedy}{OPERATOR_PODS}")
    names = ", ".join(sorted(str(one["spec"]["holderIdentity"]) for one in beating))
    return Finding("operator", True, f"{len(beating)} replica(s) with a heartbeat: {names}")


def stalled(services: Sequence[KubeObject], namespace: str) -> Finding:
    """Whether a service waits for a person."""
    found = [one for one in services if condition(one, "Stalled").get("status") == "True"]
    if not found:
        return Finding("services", True, f"{len(services)} in namespace {namespace}, none stalled")
    return Finding(
        "services", False, f"stalled: {_named(found, 'Stalled')}; see kubectl paddle_sla status NAME"
    )


def measured(services: Sequence[KubeObject]) -> Finding:
    """Whether the operator reads metrics of every service; without them no promise is measured."""
    lost = [one for one in services if condition(one, "MetricsAvailable").get("status") == "False"]
    if lost:
        advice = "see its condition MetricsAvailable, and that Prometheus scrapes the pods"
        return Finding("metrics", False, f"none of {_named(lost, 'MetricsAvailable')}; {advice}")
    read = [one for one in services if condition(one, "MetricsAvailable").get("status") == "True"]
    said = f"read of {len(read)} of {len(services)} services"
    return Finding("metrics", True if len(read) == len(services) > 0 else None, said)


def _named(services: Iterable[KubeObject], type_: str) -> str:
    return ", ".join(f"{one['metadata']['name']} ({condition(one, type_)['reason']})" for one in services)
