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

from hack.cluster import programs
from hack.cluster.commands import run
from hack.cluster.errors import ClusterError, CommandFailed, ProgramMissing
from hack.cluster.images import builds, delivery
from hack.cluster.layout import bin_dir, cache_root, clusters_root
from hack.cluster.progress import Progress
from hack.demo.reading import Reachable
from hack.demo.site import ROOT, Site

EXAMPLE = ROOT / "examples" / "03-minimal" / "service.yaml"
KIND_CLUSTER = "paddle-sla"
KIND_ENGINES = ("docker", "podman")
KIND_PROVIDER_VARIABLE = "KIND_EXPERIMENTAL_PROVIDER"  # kind's own; it names the engine
KIND_SECONDS = 900.0  # creating a cluster pulls kind's node image
ENGINE_SECONDS = 10.0
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
            forward.kill()
            forward.wait()

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
        prefix = delivery.registry_prefix(environment)
        names = delivery.push(progress, builds.ensure(progress), prefix)
    site = site_of(kubeconfig, "make demo-clean (with the same KUBECONFIG)", progress)
    install(site, names, progress)
    return site


def kind_engine(environment: Mapping[str, str]) -> str | None:
    """The engine for kind's nodes: the one that the user chose for it, else the first that answers."""
    chosen = environment.get(KIND_PROVIDER_VARIABLE)
    engines = [chosen] if chosen else KIND_ENGINES
    return next((engine for engine in engines if _answers(engine)), None) if shutil.which("kind") else None


def _answers(engine: str) -> bool:
    try:
        return run([engine, "info"], timeout=ENGINE_SECONDS, check=False).returncode == 0
    except (CommandFailed, ProgramMissing):
        return False


def kind(engine: str, *arguments: str) -> str:
    """What kind prints, with its nodes in that engine."""
    return run(["kind", *arguments], timeout=KIND_SECONDS, env={KIND_PROVIDER_VARIABLE: engine}).stdout


def from_kind(engine: str, progress: Progress) -> OwnSite:
    """A kind cluster of ours, made when it is not there."""
    kubeconfig = cache_root() / "kind.kubeconfig"
    with progress.step(f"kind cluster {KIND_CLUSTER} ({engine})"):
        there = KIND_CLUSTER in kind(engine, "get", "clusters").split()
        command = ("export", "kubeconfig") if there else ("create", "cluster")
        kind(engine, *command, "--name", KIND_CLUSTER, "--kubeconfig", str(kubeconfig))
    built = builds.ensure(progress)
    provider = {KIND_PROVIDER_VARIABLE: engine}
    delivery.load_kind(progress, built.values(), name=KIND_CLUSTER, environment=provider)
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
        site.install_charts(names["operator"], names["runtime"])


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


def clean_kind(environment: Mapping[str, str], progress: Progress) -> None:
    """End our kind cluster, where there is one."""
    engine = kind_engine(environment)
    if engine and KIND_CLUSTER in kind(engine, "get", "clusters").split():
        with progress.step(f"kind cluster {KIND_CLUSTER}"):
            kind(engine, "delete", "cluster", "--name", KIND_CLUSTER)
