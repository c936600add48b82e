"""Add-ons that few tests need: only where they are asked for.

Their manifests are those of the Go modules that their programs were built from, with the images made here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from hack.cluster import constants, programs
from hack.cluster.commands import run
from hack.cluster.errors import ClusterError

_MANIFESTS = Path(__file__).parent / "addons_manifests"
_IN_A_NAMESPACE = ("ConfigMap", "Deployment", "Secret", "Service", "ServiceAccount")
_PROBES = ("livenessProbe", "readinessProbe")


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
    container: Mapping[str, Any] = field(default_factory=dict)
    """What its containers are told besides, for an image without their folders."""
    beside: str = ""
    """A file of addons_manifests/ that is applied, too."""

    @property
    def programs(self) -> tuple[str, ...]:
        """Names of the programs in the cache, as the tools module has them."""
        (module,) = (one for one in programs.MODULES if one.folder == self.name)
        return module.programs

    def manifests(self, kubectl: Path, image: str) -> str:
        """Its default installation, with our image of its programs."""
        folder = programs.module_folder(self.name, self.module) / self.folder
        rendered = run([kubectl, "kustomize", str(folder)], timeout=60).stdout
        beside = [(_MANIFESTS / self.beside).read_text()] if self.beside else []
        return "\n---\n".join([*beside, *(json.dumps(item) for item in self.with_image(rendered, image))])

    def version(self) -> str:
        """Its release, as the tools module pins it."""
        return run(
            ["go", "list", "-m", "-f", "{{.Version}}", self.module],
            cwd=programs.source_of(self.name),
            env=programs.go_environment(),
        ).stdout.strip()

    def with_image(self, rendered: str, image: str) -> Iterator[dict[str, Any]]:
        """Let its Deployments run the programs of an image that the node has."""
        changed = set()
        for item in yaml.safe_load_all(rendered):
            name = item["metadata"]["name"]
            if self.left_out and name.startswith(self.left_out):
                continue
            if item["kind"] in _IN_A_NAMESPACE:  # one that its manifests may leave to who applies them
                item["metadata"].setdefault("namespace", self.namespace)
            if item["kind"] == "Deployment" and name in self.commands:
                (container,) = item["spec"]["template"]["spec"]["containers"]
                flags = [one for one in container.get("args", ()) if one.startswith("-")]
                container |= {
                    "image": image,
                    "imagePullPolicy": "IfNotPresent",
                    "args": [*flags, *self.flags],
                    **self.container,
                }
                for probe in _PROBES:
                    if "exec" in container.get(probe, ()):  # its image has our program, and no other
                        del container[probe]
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
FLAGGER = Extra(
    "flagger",
    "github.com/fluxcd/flagger",
    "kustomize/gatewayapi",
    "flagger-system",
    {"flagger": "flagger"},
    flags=(f"-metrics-server=http://prometheus.{constants.MONITORING_NAMESPACE}:9090",),
    # The cluster has a Prometheus.
    left_out="flagger-prometheus",
)
ARGO_ROLLOUTS = Extra(
    "argo-rollouts",
    "github.com/argoproj/argo-rollouts",
    "manifests/cluster-install",
    "argo-rollouts",
    {"argo-rollouts": "argo-rollouts"},
    # It copies its plugins into a folder below the one that it works in.
    container={"workingDir": "/home/argo-rollouts"},
    left_out="argo-rollouts-config",
    beside="argo-rollouts.yaml",
)
EXTRAS = {one.name: one for one in (KEDA, METRICS_SERVER, FLAGGER, ARGO_ROLLOUTS)}
