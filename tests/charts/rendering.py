"""Rendering the charts with the pinned helm, and reading what comes out."""

from __future__ import annotations

import functools
import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from hack.api_schemas import ensure
from hack.cluster.layout import bin_dir

ROOT = Path(__file__).resolve().parents[2]
CHARTS = ROOT / "charts"
OPERATOR = CHARTS / "paddle-sla-operator"
CRDS = CHARTS / "paddle-sla-crds"
KUBERNETES = "1.34.4"
NAMESPACE = "paddle-sla-system"

# One name for each way in which the chart is used; every check below runs over all of them.
CASES: dict[str, tuple[str, ...]] = {
    "defaults": (),
    "namespaced": ("watch.mode=Namespaced",),
    "two-namespaces": ("watch.mode=Namespaced", "watch.namespaces={team-a,team-b}"),
    "every-toggle": (
        "networkPolicy.enabled=true",
        "monitoring.labels.release=prom",
        "monitoring.labels.team=ocr",
        "monitoring.runbooks=https://wiki.example.com/books",
        "monitoring.operator.podMonitor.enabled=true",
        "monitoring.operator.prometheusRule.enabled=true",
        "prometheus.url=https://thanos.monitoring.svc:9091/prometheus",
        "prometheus.tokenSecret.name=prometheus-read",
        "prometheus.caConfigMap.name=prometheus-ca",
        "scaling.kedaAuthentication=prometheus-read",
        "priorityClassName=system-cluster-critical",
        "imagePullSecrets[0].name=registry",
        "podLabels.team=ocr",
        "podAnnotations.note=x",
        "nodeSelector.pool=infra",
        "tolerations[0].operator=Exists",
        "serviceAccount.annotations.owner=ocr",
        "runtimeImages.gpu=example.com/runtime:gpu",
        "test.url=http://ocr.prod.svc",
        "test.host=ocr.example.com",
        f"image.digest=sha256:{'a' * 64}",
    ),
    "everything-off": ("podDisruptionBudget.enabled=false", "rbac.create=false", "replicas=0"),
    "other-account": ("serviceAccount.create=false", "serviceAccount.name=ops"),
}


def program(name: str) -> str:
    """The path of a pinned program; a missing one fails the test and says how to get it."""
    path = bin_dir() / name
    assert path.exists(), f"{path} is missing: run '.venv/bin/python -m hack.cluster build'"
    return str(path)


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program("helm"), *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def template(
    chart: Path, *sets: str, release: str = "paddle-sla-operator"
) -> subprocess.CompletedProcess[str]:
    values = [part for item in sets for part in ("--set", item)]
    where = ("--namespace", NAMESPACE, "--kube-version", KUBERNETES)
    return helm("template", release, str(chart), *where, *values)


@functools.cache
def rendered(case: str) -> tuple[dict[str, Any], ...]:
    """The operator chart's objects in one of CASES."""
    done = template(OPERATOR, *CASES[case])
    assert done.returncode == 0, done.stderr
    return tuple(document for document in yaml.safe_load_all(done.stdout) if document)


def of_kind(objects: tuple[dict[str, Any], ...], kind: str) -> list[dict[str, Any]]:
    return [item for item in objects if item["kind"] == kind]


def schema_complaints(manifests: str) -> list[str]:
    """What kubeconform says of these objects, by the API's own schemas; an unknown kind is one more."""
    location = ("-schema-location", ensure())
    command = [program("kubeconform"), "-strict", "-output", "json", *location, "-"]
    done = subprocess.run(command, input=manifests, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip(), f"kubeconform said nothing: {done.stderr}"
    report = json.loads(done.stdout)
    return [f"{item['kind']} {item['name']}: {item['msg']}" for item in report["resources"] or []]
