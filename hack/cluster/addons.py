"""The add-ons that make the embedded node a cluster like others: DNS, a gateway, metrics and an object store.

All of them are pods. Their manifests lie in addons_manifests/; Envoy Gateway's chart and all CRDs are read
from the Go modules that its program was built from. Everything but the CRDs is applied server-side every
time, which costs seconds and repairs what was changed.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from hack.cluster import constants, programs
from hack.cluster.addons_extras import EXTRAS
from hack.cluster.api import ClusterInfo
from hack.cluster.commands import run
from hack.cluster.errors import ClusterError, CommandFailed, NotReady
from hack.cluster.images import addons as addon_images
from hack.cluster.images import delivery
from hack.cluster.progress import Progress

MANIFESTS = Path(__file__).parent / "addons_manifests"
_ENVOY_GATEWAY = "github.com/envoyproxy/gateway"
_GATEWAY_API = "sigs.k8s.io/gateway-api"
# A policy that guards upgrades by other people; this cluster is made anew each time.
_SAFE_UPGRADES = "gateway.networking.k8s.io_vap_safeupgrades.yaml"
_DEFINITIONS = "paddle-sla-definitions"
_FIELD_MANAGER = "paddle-sla-addons"
_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")
_READY_SECONDS = 180
_APPLY_SECONDS = 120.0


def install(cluster: ClusterInfo, progress: Progress, extras: Sequence[str] = ()) -> None:
    """Bring every add-on up, or repair it, and those that are named; returns when all of them are ready."""
    _apply_files(cluster, "namespaces.yaml")
    with ThreadPoolExecutor(max_workers=1) as pool:
        # CRDs take longest and need no image.
        definitions = pool.submit(_install_definitions, cluster, progress)
        made = addon_images.ensure(progress, extras)
        delivery.load(cluster, progress, made.values())
        values = variables(cluster, addon_images.references(made))
        with progress.step("DNS, object store and metrics applied"):
            _apply(cluster, credentials())
            _apply_files(cluster, "coredns.yaml", "store.yaml", "prometheus.yaml", values=values)
        definitions.result()
    with progress.step("gateway applied"):
        _apply(cluster, render_envoy_gateway(cluster.bin_dir / "helm", values))
        _apply_files(cluster, "gateway.yaml", values=values)
    for name in extras:
        with progress.step(f"{name} applied"):
            _apply(cluster, EXTRAS[name].manifests(cluster.bin_dir / "kubectl", made[name].name))
    _wait_for_all(cluster, progress, extras)


def variables(cluster: ClusterInfo, image_names: Mapping[str, str]) -> dict[str, str]:
    """What the manifests leave open."""
    configuration = hashlib.sha256((MANIFESTS / "prometheus.yaml").read_bytes()).hexdigest()[:12]
    return {
        **image_names,
        "CLUSTER_DNS": cluster.addresses.cluster_dns,
        "CLUSTER_DOMAIN": constants.CLUSTER_DOMAIN,
        "CONFIGURATION_HASH": configuration,
    }


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace ${UPPER_CASE} variables; `$1` of a relabelling rule is none of ours and stays."""
    missing = sorted(set(_VARIABLE.findall(text)) - set(values))
    if missing:
        raise ClusterError(
            f"a manifest names {', '.join(missing)}, which nothing gives: add it to variables()"
        )
    return _VARIABLE.sub(lambda found: values[found[1]], text)


def credentials() -> str:
    """The Secret that the object store reads its root account from."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s3-credentials", "namespace": constants.STORE_NAMESPACE},
        "stringData": {
            "accessKeyId": constants.STORE_ACCESS_KEY,
            "secretAccessKey": constants.STORE_SECRET_KEY,
        },
    }
    return json.dumps(secret)


def definition_files() -> list[Path]:
    """The CRDs of Gateway API (standard channel) and of Envoy Gateway."""
    standard = programs.module_folder("envoy-gateway", _GATEWAY_API) / "config" / "crd" / "standard"
    own = (
        programs.module_folder("envoy-gateway", _ENVOY_GATEWAY)
        / "charts/gateway-helm/charts/crds/crds/generated"
    )
    return [*sorted(standard.glob("gateway.networking.k8s.io_*s.yaml")), *sorted(own.glob("*.yaml"))]


def _install_definitions(cluster: ClusterInfo, progress: Progress) -> None:
    """CRDs and the control plane's certificates: all that needs no image."""
    with progress.step("gateway definitions and certificates") as step:
        count = install_definitions(cluster)
        _certificates(cluster)
        step.done_as(f"{count} CRDs")


def install_definitions(cluster: ClusterInfo) -> int:
    """The CRDs that an operator asks for, with nobody who acts on them; returns how many."""
    files = [path for path in definition_files() if path.name != _SAFE_UPGRADES]
    text = "\n---\n".join(path.read_text() for path in files)
    if not _has_definitions(cluster, files, text):
        _apply(cluster, text)
        names = [_crd_name(path) for path in files]
        cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", *names, timeout=70)
        _apply(cluster, _definitions_mark(text))
    return len(files)


def _has_definitions(cluster: ClusterInfo, files: Sequence[Path], text: str) -> bool:
    """Whether these very definitions were applied before and are all there; applying takes seconds."""
    shape = "jsonpath={.data.sha256}"
    mark = cluster.kubectl("-n", "kube-system", "get", "configmap", _DEFINITIONS, "-o", shape, check=False)
    if mark.stdout != hashlib.sha256(text.encode()).hexdigest():
        return False
    present = cluster.kubectl("get", "crd", "-o", "name").stdout
    return all(f"/{_crd_name(path).split('/')[1]}\n" in present for path in files)


def _definitions_mark(text: str) -> str:
    mark = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": _DEFINITIONS, "namespace": "kube-system"},
        "data": {"sha256": hashlib.sha256(text.encode()).hexdigest()},
    }
    return json.dumps(mark)


def _crd_name(path: Path) -> str:
    group, plural = path.stem.split("_", 1)
    return f"customresourcedefinition/{plural}.{group}"


def _certificates(cluster: ClusterInfo) -> None:
    """Let the control plane's own program make its certificates; those that are there stay."""
    environment = {**cluster.environment, "ENVOY_GATEWAY_NAMESPACE": constants.ENVOY_NAMESPACE}
    command: list[str | Path] = [cluster.bin_dir / "envoy-gateway", "certgen", "--disable-topology-injector"]
    run(command, env=environment, timeout=60)


def render_envoy_gateway(helm: Path, values: Mapping[str, str]) -> str:
    """The control plane's manifests, out of the chart in its module."""
    chart = programs.module_folder("envoy-gateway", _ENVOY_GATEWAY) / "charts" / "gateway-helm"
    with tempfile.TemporaryDirectory() as scratch:
        ours = Path(scratch) / "values.yaml"
        ours.write_text(fill((MANIFESTS / "envoy-gateway-values.yaml").read_text(), values))
        flags = ["--namespace", constants.ENVOY_NAMESPACE, "--no-hooks"]
        files = ["--values", str(chart / "values.tmpl.yaml"), "--values", str(ours)]
        return run([helm, "template", "eg", str(chart), *flags, *files], timeout=60).stdout


def _apply_files(cluster: ClusterInfo, *names: str, values: Mapping[str, str] | None = None) -> None:
    texts = [(MANIFESTS / name).read_text() for name in names]
    _apply(cluster, "\n---\n".join(fill(text, values or {}) for text in texts))


def _apply(cluster: ClusterInfo, text: str) -> None:
    flags = ["--server-side", "--force-conflicts", f"--field-manager={_FIELD_MANAGER}"]
    cluster.kubectl("apply", *flags, "-f", "-", stdin=text, timeout=_APPLY_SECONDS)


def _wait_for_all(cluster: ClusterInfo, progress: Progress, extras: Sequence[str]) -> None:
    waits: dict[str, Callable[[], None]] = {
        "DNS (CoreDNS)": partial(_rolled_out, cluster, "kube-system", "coredns"),
        "object store (versitygw)": partial(_rolled_out, cluster, constants.STORE_NAMESPACE, "s3"),
        "metrics (Prometheus)": partial(_rolled_out, cluster, constants.MONITORING_NAMESPACE, "prometheus"),
        "gateway (Envoy Gateway, Envoy)": partial(_gateway_ready, cluster),
    }
    for name in extras:
        for deployment in EXTRAS[name].commands:
            waits[f"{name} ({deployment})"] = partial(
                _rolled_out, cluster, EXTRAS[name].namespace, deployment
            )

    def wait(title: str) -> None:
        with progress.step(title):
            waits[title]()

    with ThreadPoolExecutor(max_workers=len(waits)) as pool:
        for outcome in [pool.submit(wait, title) for title in waits]:
            outcome.result()


def _rolled_out(cluster: ClusterInfo, namespace: str, deployment: str) -> None:
    command = ["rollout", "status", f"deployment/{deployment}", f"--timeout={_READY_SECONDS}s"]
    try:
        cluster.kubectl("-n", namespace, *command, timeout=_READY_SECONDS + 10)
    except CommandFailed as late:
        raise NotReady(
            f"{namespace}/{deployment} is not ready: {late}\n{_pods(cluster, namespace)}"
        ) from late


def _gateway_ready(cluster: ClusterInfo) -> None:
    _rolled_out(cluster, constants.ENVOY_NAMESPACE, "envoy-gateway")
    gateway = f"gateway/{constants.GATEWAY_NAME}"
    command = ["wait", gateway, "--for=condition=Programmed", f"--timeout={_READY_SECONDS}s"]
    try:
        cluster.kubectl("-n", constants.GATEWAY_NAMESPACE, *command, timeout=_READY_SECONDS + 10)
    except CommandFailed as late:
        shown = _pods(cluster, constants.ENVOY_NAMESPACE)
        raise NotReady(f"{gateway} is not programmed: {late}\n{shown}") from late


def _pods(cluster: ClusterInfo, namespace: str) -> str:
    """What a person would look at next: the pods of the namespace, its last events, and last words."""
    pods = cluster.kubectl("-n", namespace, "get", "pods", "-o", "wide", check=False).stdout
    events = cluster.kubectl("-n", namespace, "get", "events", "--sort-by=.lastTimestamp", check=False).stdout
    lines = [pods.rstrip(), *events.splitlines()[-10:]]
    for row in pods.splitlines()[1:]:
        pod, ready = row.split()[:2]
        if len(set(ready.split("/"))) > 1:
            words = cluster.kubectl("-n", namespace, "logs", pod, "--all-containers", "--tail=5", check=False)
            lines += [f"{pod} says:", words.stdout.rstrip()]
    return "\n".join(lines)
