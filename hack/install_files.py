"""deploy/ from the charts: one file for kubectl, and the same as Kustomize bases. --write or --check."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from hack.cluster.layout import bin_dir

ROOT = Path(__file__).resolve().parent.parent
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


def main(argv: Sequence[str] | None = None) -> int:
    """Write the files, or name those that differ."""
    parser = argparse.ArgumentParser(prog="hack.install_files", description=__doc__)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true")
    mode.add_argument("--check", action="store_true")
    write = parser.parse_args(argv).write
    stale = [path for path, text in files() if not settle(ROOT / path, text, write=write)]
    for path in stale:
        print(f"{path} is not what the charts render", file=sys.stderr)
    return 1 if stale else 0


def settle(path: Path, text: str, *, write: bool) -> bool:
    """Tell whether the file holds this text, after writing it where that is asked for."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return True
    if write:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return write


def files() -> Iterator[tuple[str, str]]:
    """Yield (path, text) of every file under deploy/."""
    operator = rendered("paddle-sla-operator")
    everything = [namespace(), *rendered("paddle-sla-crds"), *operator]
    yield "deploy/install.yaml", NOTICE + dump(everything)
    yield "deploy/kustomization.yaml", NOTICE + KUSTOMIZATION.format("install.yaml")
    own_namespace = [namespace(), *rendered("paddle-sla-operator", "watch.mode=Namespaced")]
    yield "deploy/namespaced/operator.yaml", NOTICE + dump(own_namespace)
    yield "deploy/namespaced/kustomization.yaml", NOTICE + KUSTOMIZATION.format("operator.yaml")


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


if __name__ == "__main__":
    sys.exit(main())
