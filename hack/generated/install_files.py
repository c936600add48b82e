"""deploy/ from the charts: one file for kubectl, and the same as Kustomize bases."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from hack.cluster.layout import bin_dir
from hack.generated import ROOT

FOLDER = ROOT / "deploy"
NAMESPACE = "paddle-sla-system"
KUBERNETES = "1.34.4"  # helm renders without a cluster; the charts say what they accept
HELM_LABELS = ("helm.sh/chart", "app.kubernetes.io/managed-by")
NOTICE = "# Made from charts/ by `make generate`: change those.\n"
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [{}]\n"


class _Dumper(yaml.SafeDumper):
    """Long texts as blocks and equal lists written out, so that a person can read the file."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write every value where it stands."""
        return True


def files() -> dict[Path, str]:
    """Return the text of every file under deploy/."""
    operator = rendered("paddle-sla-operator")
    everything = [namespace(), *rendered("paddle-sla-crds"), *operator]
    own_namespace = [namespace(), *rendered("paddle-sla-operator", "watch.mode=Namespaced")]
    return {
        FOLDER / "install.yaml": NOTICE + dump(everything),
        FOLDER / "kustomization.yaml": NOTICE + KUSTOMIZATION.format("install.yaml"),
        FOLDER / "namespaced" / "operator.yaml": NOTICE + dump(own_namespace),
        FOLDER / "namespaced" / "kustomization.yaml": NOTICE + KUSTOMIZATION.format("operator.yaml"),
    }


def namespace() -> dict[str, Any]:
    """Return the operator's namespace, where only restricted pods may run."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}


def rendered(chart: str, *sets: str) -> list[dict[str, Any]]:
    """Return a chart's objects without Helm's tests and labels."""
    helm = bin_dir() / "helm"
    if not helm.exists():
        sys.exit(f"{helm} is missing: run '.venv/bin/python -m hack.cluster build'")
    values = [part for item in sets for part in ("--set", item)]
    where = ["--namespace", NAMESPACE, "--kube-version", KUBERNETES]
    command = [str(helm), "template", "paddle-sla-operator", str(ROOT / "charts" / chart), *where, *values]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"helm template {chart} failed: {done.stderr.strip()}")
    return [plain(item) for item in yaml.safe_load_all(done.stdout) if item and not is_test(item)]


def is_test(item: dict[str, Any]) -> bool:
    """Tell whether only `helm test` has a use for the object."""
    return bool(item["metadata"].get("labels", {}).get("app.kubernetes.io/component") == "test")


def plain(item: dict[str, Any]) -> dict[str, Any]:
    """Remove what only Helm reads."""
    labels = item["metadata"].get("labels", {})
    for name in HELM_LABELS:
        labels.pop(name, None)
    item["metadata"].get("annotations", {}).pop("helm.sh/resource-policy", None)
    return item


def dump(items: Sequence[dict[str, Any]]) -> str:
    """Return the objects as one YAML stream, in the order in which they can be applied."""
    return yaml.dump_all(items, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)
