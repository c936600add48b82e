"""Whether a node can run pods, asked of the node itself; otherwise what is missing, in words."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from typing import Any

from hack.cluster import network
from hack.cluster.api import ClusterInfo
from hack.cluster.components import COMPONENTS
from hack.cluster.constants import API_PORT
from hack.cluster.processes import first_process


def api_get(cluster: ClusterInfo, path: str, *, timeout: float = 3.0) -> tuple[int, Any]:
    """Ask the API server as administrator; status 0 when it does not answer."""
    etc = cluster.layout.etc
    url = f"https://{cluster.addresses.node}:{API_PORT}{path}"
    try:
        context = ssl.create_default_context(cafile=str(etc / "ca.crt"))
        context.load_cert_chain(etc / "admin.crt", etc / "admin.key")
        direct = urllib.request.ProxyHandler({})
        opener = urllib.request.build_opener(direct, urllib.request.HTTPSHandler(context=context))
        with opener.open(url, timeout=timeout) as answer:
            body = answer.read()
            shown = json.loads(body) if body[:1] == b"{" else body.decode(errors="replace")
            return int(answer.status), shown
    except urllib.error.HTTPError as refused:
        return refused.code, None
    except (OSError, ValueError):
        return 0, None


def node_condition(node: dict[str, Any]) -> tuple[bool, str]:
    """Whether a Node object says Ready, and its message."""
    for condition in node.get("status", {}).get("conditions", []):
        if condition["type"] == "Ready":
            return condition["status"] == "True", str(condition.get("message", ""))
    return False, "kubelet has not reported yet"


def running_components(cluster: ClusterInfo) -> dict[str, Any]:
    """What the first process says runs now: pid inside the node, and how often it was started."""
    try:
        reported = json.loads(cluster.layout.node_status.read_text())
    except FileNotFoundError:
        return {}
    return dict(reported["components"])


def _process_missing(cluster: ClusterInfo) -> str:
    return "" if first_process(cluster.name) is not None else "the node's first process is not running"


def _link_missing(cluster: ClusterInfo) -> str:
    linked = network.is_linked(cluster.name, cluster.addresses)
    return "" if linked else "the link into the node is missing"


def _api_missing(cluster: ClusterInfo) -> str:
    status, _ = api_get(cluster, "/readyz")
    return "" if status == 200 else f"the API server is not ready (/readyz answers {status or 'nothing'})"


def _node_missing(cluster: ClusterInfo) -> str:
    status, node = api_get(cluster, f"/api/v1/nodes/{cluster.node_name}")
    if status != 200:
        return "kubelet has not registered the node"
    ready, message = node_condition(node)
    return "" if ready else f"node: {message}"


def _components_missing(cluster: ClusterInfo) -> str:
    stopped = sorted(set(COMPONENTS) - set(running_components(cluster)))
    return f"not running: {', '.join(stopped)}" if stopped else ""


def _account_missing(cluster: ClusterInfo) -> str:
    """Without it the API server refuses every pod; the controller-manager makes it a moment after start."""
    status, _ = api_get(cluster, "/api/v1/namespaces/default/serviceaccounts/default")
    return "" if status == 200 else "the default service account is not there yet"


_CHECKS = (
    *(_process_missing, _link_missing, _api_missing),
    *(_node_missing, _components_missing, _account_missing),
)


def readiness(cluster: ClusterInfo) -> tuple[bool, str]:
    """Whether pods can run, and otherwise the first thing that is missing."""
    for check in _CHECKS:
        missing = check(cluster)
        if missing:
            return False, missing
    return True, ""
