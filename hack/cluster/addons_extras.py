"""Add-ons that few tests need: only where they are asked for.

Their manifests are those of the Go modules that their programs were built from, with the images made here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hack.cluster import programs
from hack.cluster.commands import run
from hack.cluster.errors import ClusterError


@dataclass(frozen=True)
class Extra:
    """One of them; its name is that of its tools module and of its image."""

    name: str
    module: str
    """The Go module, with its manifests below `folder`."""
    folder: str
    namespace: str
    commands: Mapping[str, str]
    """By Deployment, its program."""
    flags: tuple[str, ...] = ()
    """More of them, for this cluster."""
    left_out: str = ""
    """How the names of objects begin that are not applied."""

    @property
    def programs(self) -> tuple[str, ...]:
        """Names of the programs in the cache, as the tools module has them."""
        (module,) = (one for one in programs.MODULES if one.folder == self.name)
        return module.programs

    def manifests(self, kubectl: Path, image: str) -> str:
        """Its default installation, with our image of its programs."""
        folder = programs.module_folder(self.name, self.module) / self.folder
        rendered = run([kubectl, "kustomize", str(folder)], timeout=60).stdout
        return "\n---\n".join(json.dumps(item) for item in self.with_image(rendered, image))

    def with_image(self, rendered: str, image: str) -> Iterator[dict[str, Any]]:
        """Let its Deployments run the programs of an image that the node has."""
        changed = set()
        for item in yaml.safe_load_all(rendered):
            name = item["metadata"]["name"]
            if self.left_out and name.startswith(self.left_out):
                continue
            if item["kind"] == "Deployment" and name in self.commands:
                (container,) = item["spec"]["template"]["spec"]["containers"]
                flags = [one for one in container["args"] if one.startswith("-")]
                container |= {
                    "image": image,
                    "imagePullPolicy": "IfNotPresent",
                    "args": [*flags, *self.flags],
                }
                container["command"] = [f"/usr/local/bin/{self.commands[name]}"]
                changed.add(name)
            yield item
        if missing := sorted(set(self.commands) - changed):
            raise ClusterError(f"the manifests of {self.name} have no Deployment {', '.join(missing)}")


KEDA = Extra(
    "keda",
    "github.com/kedacore/keda/v2",
    "config/default",
    "keda",
    {"keda-operator": "keda", "keda-metrics-apiserver": "keda-adapter"},
    # Its webhook is a program more; who is refused by it sees the same in the ScaledObject's condition Ready.
    left_out="keda-admission",
)
METRICS_SERVER = Extra(
    "metrics-server",
    "sigs.k8s.io/metrics-server",
    "manifests/base",
    "kube-system",
    {"metrics-server": "metrics-server"},
    # The kubelet's certificate is of the cluster's own authority, which every pod with a token has.
    flags=("--kubelet-certificate-authority=/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",),
)
EXTRAS = {one.name: one for one in (KEDA, METRICS_SERVER)}
