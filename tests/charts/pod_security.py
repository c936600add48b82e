"""Pod Security "restricted", v1.34, as far as it speaks of the fields that our pods set.

The real admission plugin judges the same pods in the end-to-end tests; this says it in milliseconds, and for
kinds that no test creates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

ALLOWED_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
} | {
    "projected",
    "secret",
}
HOST_FIELDS = ("hostNetwork", "hostPID", "hostIPC")
Json = Mapping[str, Any]


def pod_spec_of(item: Json) -> Json | None:
    """The pod spec of a Pod, or of a kind that holds a pod template."""
    if item["kind"] == "Pod":
        return item["spec"]
    if item["kind"] in {"Deployment", "Job", "StatefulSet", "DaemonSet"}:
        return item["spec"]["template"]["spec"]
    if item["kind"] == "CronJob":
        return item["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return None


def violations(spec: Json) -> list[str]:
    """Everything by which the pod would be refused, with the field's path."""
    found = [f"{field} is true" for field in HOST_FIELDS if spec.get(field)]
    for volume in spec.get("volumes", []):
        found += [f"volume {volume['name']} is {kind}" for kind in set(volume) - {"name"} - ALLOWED_VOLUMES]
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(kind, []):
            found += [f"{kind} {container['name']}: {text}" for text in _of_container(container, spec)]
    return found


def _of_container(container: Json, spec: Json) -> Iterator[str]:
    own, pod = container.get("securityContext", {}), spec.get("securityContext", {})
    if own.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation must be false"
    if own.get("privileged"):
        yield "privileged is true"
    if "ALL" not in own.get("capabilities", {}).get("drop", []):
        yield "capabilities.drop must hold ALL"
    if added := set(own.get("capabilities", {}).get("add", [])) - {"NET_BIND_SERVICE"}:
        yield f"capabilities.add holds {sorted(added)}"
    yield from _of_user(own, pod)
    seccomp = own.get("seccompProfile", pod.get("seccompProfile", {})).get("type")
    if seccomp not in {"RuntimeDefault", "Localhost"}:
        yield f"seccompProfile.type is {seccomp}"
    if own.get("procMount", "Default") != "Default":
        yield "procMount is not Default"
    for port in container.get("ports", []):
        if port.get("hostPort"):
            yield f"hostPort {port['hostPort']}"


def _of_user(own: Json, pod: Json) -> Iterator[str]:
    if own.get("runAsNonRoot", pod.get("runAsNonRoot")) is not True:
        yield "runAsNonRoot must be true"
    if own.get("runAsUser", pod.get("runAsUser")) == 0:
        yield "runAsUser is 0"


def house_rules(spec: Json) -> list[str]:
    """What we ask beyond "restricted": a read-only root, limits, and no token unless it is wanted by name."""
    found = [] if "automountServiceAccountToken" in spec else ["automountServiceAccountToken must be said"]
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        name = container["name"]
        if container.get("securityContext", {}).get("readOnlyRootFilesystem") is not True:
            found.append(f"{name}: readOnlyRootFilesystem must be true")
        resources = container.get("resources", {})
        if not resources.get("requests", {}).get("cpu") or not resources.get("limits", {}).get("memory"):
            found.append(f"{name}: a CPU request and a memory limit must be set")
    return found
