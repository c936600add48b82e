"""A cluster that the user has: behind KUBECONFIG, or kind.

Nothing is assumed there: the built-in model, a plain Service, port-forward.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hack.cluster import images, programs
from hack.cluster.errors import ClusterError
from hack.cluster.layout import bin_dir, cache_root, clusters_root
from hack.cluster.progress import Progress
from hack.demo.reading import Reachable
from hack.demo.site import ROOT, Site

EXAMPLE = ROOT / "examples" / "03-minimal" / "service.yaml"
KIND_CLUSTER = "paddle-sla"
# For clusters whose nodes have the images already: the references to use, instead of pushing.
PRESENT_VARIABLE = "PADDLE_SLA_IMAGES"
FORWARDED = re.compile(r"Forwarding from 127\.0\.0\.1:(\d+)")


@dataclass(frozen=True)
class OwnSite(Site):
    """No store and no gateway are assumed."""

    stop: str

    @property
    def example(self) -> Path:
        """The ten-line resource with the built-in model."""
        return EXAMPLE

    @contextmanager
    def reach(self, namespace: str, service: str) -> Iterator[Reachable]:
        """Through `kubectl port-forward` to the plain Service."""
        command = [str(self.kubectl), "--kubeconfig", str(self.kubeconfig), "-n", namespace]
        forward = subprocess.Popen(
            [*command, "port-forward", f"service/{service}", ":80", "--address", "127.0.0.1"],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            line = forward.stdout.readline() if forward.stdout else ""
            found = FORWARDED.search(line)
            if found is None:
                raise ClusterError(f"kubectl port-forward to service/{service} did not start: {line!r}")
            yield Reachable(f"http://127.0.0.1:{found[1]}", "localhost")
        finally:
            forward.terminate()
            forward.wait(timeout=10)

    def hints(self, namespace: str, service: str) -> str:
        """What a person types next."""
        return "\n".join(
            [
                f"  export KUBECONFIG={self.kubeconfig}",
                f"  kubectl -n {namespace} get pms {service} -o wide",
                f"  kubectl -n {namespace} port-forward service/{service} 8080:80",
                f"To stop: {self.stop}",
            ]
        )


def kubeconfig_of(environment: Mapping[str, str]) -> Path | None:
    """The user's own cluster; None where KUBECONFIG is unset or, as our hints advise, the embedded one's."""
    named = environment.get("KUBECONFIG")
    if not named or Path(named).resolve().is_relative_to(clusters_root()):
        return None
    return Path(named)


def from_kubeconfig(kubeconfig: Path, environment: Mapping[str, str], progress: Progress) -> OwnSite:
    """The cluster behind a kubeconfig; its nodes pull the images from the registry IMAGE_PREFIX."""
    if not kubeconfig.is_file():
        raise ClusterError(f"KUBECONFIG={kubeconfig} is not a file: name one, or unset it")
    present = environment.get(PRESENT_VARIABLE)
    if present:
        operator, _, runtime = present.partition(",")
        names = {"operator": operator, "runtime": runtime}
    else:
        prefix = images.registry_prefix(environment)
        names = images.push(progress, images.build(progress), prefix)
    site = site_of(kubeconfig, "make demo-clean (with the same KUBECONFIG)", progress)
    install(site, names, progress)
    return site


def kind_is_usable() -> bool:
    """Whether kind is here, and an engine for it answers."""
    if shutil.which("kind") is None or shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


def from_kind(progress: Progress) -> OwnSite:
    """A kind cluster of ours, made when it is not there."""
    kubeconfig = cache_root() / "kind.kubeconfig"
    known = subprocess.run(["kind", "get", "clusters"], capture_output=True, text=True, check=False)
    with progress.step(f"kind cluster {KIND_CLUSTER}"):
        verb = "export" if KIND_CLUSTER in known.stdout.split() else "create"
        noun = ["kubeconfig"] if verb == "export" else ["cluster"]
        subprocess.run(
            ["kind", verb, *noun, "--name", KIND_CLUSTER, "--kubeconfig", str(kubeconfig)], check=True
        )
    built = images.build(progress)
    images.load_kind(progress, list(built.values()), name=KIND_CLUSTER)
    site = site_of(kubeconfig, "make demo-clean", progress)
    install(site, {target: image.name for target, image in built.items()}, progress)
    return site


def site_of(kubeconfig: Path, stop: str, progress: Progress) -> OwnSite:
    """kubectl and helm from PATH, else the pinned ones, built."""
    if shutil.which("kubectl") is None or shutil.which("helm") is None:
        programs.ensure(progress, ("kubernetes", "helm"))
    return OwnSite(kubeconfig, found("kubectl"), found("helm"), stop)


def found(program: str) -> Path:
    """The user's program, or ours."""
    return Path(shutil.which(program) or bin_dir() / program)


def install(site: OwnSite, names: Mapping[str, str], progress: Progress) -> None:
    """The charts, with these images."""
    with progress.step("charts with helm"):
        repository, _, tag = names["operator"].rpartition(":")
        site.install_charts(
            {"image.repository": repository, "image.tag": tag, "runtimeImages.cpu": names["runtime"]}
        )


def clean(kubeconfig: Path, progress: Progress) -> int:
    """Take the demo out of a user's cluster, and nothing that the demo did not make.

    The CRD stays where other services live: deleting it would delete them.
    """
    site = site_of(kubeconfig, "", progress)
    with progress.step("removing the demo from the cluster"):
        for name in site.namespaces_of_the_demo():
            site.kube("default").delete("namespace", name)
    left = site.kube("default").run("get", "pms", "--all-namespaces", "--ignore-not-found", "-o", "name")
    if left.strip():
        progress.say(f"  {len(left.split())} other services are in the cluster: operator and CRD stay")
        return 0
    with progress.step("uninstalling the operator"):
        site.uninstall_charts()
    return 0


def clean_kind(progress: Progress) -> None:
    """End our kind cluster, where there is one."""
    if not kind_is_usable():
        return
    known = subprocess.run(["kind", "get", "clusters"], capture_output=True, text=True, check=False)
    if KIND_CLUSTER in known.stdout.split():
        with progress.step(f"kind cluster {KIND_CLUSTER}"):
            subprocess.run(["kind", "delete", "cluster", "--name", KIND_CLUSTER], check=True)
