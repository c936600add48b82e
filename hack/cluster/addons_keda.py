"""KEDA, out of the Go module that its programs were built from: only where it is asked for.

Its admission webhook is left out: it is a program more, and whoever is refused by it sees the same in the
ScaledObject's condition Ready.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from hack.cluster import programs
from hack.cluster.commands import run
from hack.cluster.errors import ClusterError

NAMESPACE = "keda"
DEPLOYMENTS = ("keda-operator", "keda-metrics-apiserver")
_MODULE = "github.com/kedacore/keda/v2"
_WEBHOOK = "keda-admission"
"""How the names of the webhook's Deployment, Service and configuration begin."""
_COMMANDS = {"keda-operator": "/usr/local/bin/keda", "keda-metrics-apiserver": "/usr/local/bin/keda-adapter"}


def manifests(kubectl: Path, image: str) -> str:
    """Its default installation, with our image of both programs."""
    folder = programs.module_folder("keda", _MODULE) / "config" / "default"
    rendered = run([kubectl, "kustomize", str(folder)], timeout=60).stdout
    return "\n---\n".join(json.dumps(item) for item in with_image(rendered, image))


def with_image(rendered: str, image: str) -> Iterator[dict[str, Any]]:
    """Leave the webhook out, and let both Deployments run the programs of one image that the node has."""
    changed = set()
    for item in yaml.safe_load_all(rendered):
        name = item["metadata"]["name"]
        if name.startswith(_WEBHOOK):
            continue
        if item["kind"] == "Deployment" and name in _COMMANDS:
            (container,) = item["spec"]["template"]["spec"]["containers"]
            flags = [one for one in container["args"] if one.startswith("-")]
            container |= {"image": image, "imagePullPolicy": "IfNotPresent", "args": flags}
            container["command"] = [_COMMANDS[name]]
            changed.add(name)
        yield item
    if changed != set(_COMMANDS):
        raise ClusterError(f"KEDA's manifests have no Deployment {', '.join(set(_COMMANDS) - changed)}")
