"""JSON schemas for kubeconform, from the Kubernetes OpenAPI document and CRDs of the pinned Go modules.

kubeconform would ask a schema host; the same text lies in the module cache that the cluster's programs are
built from. Written once per version into the cache folder, one file per kind; an unknown field is a failure.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from hack.cluster.commands import run
from hack.cluster.layout import cache_root
from hack.cluster.programs import go_environment, source_of

DOWNLOAD_SECONDS = 300.0
RECIPE = 1  # raise it when this file writes other schemas from the same source
QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
TEMPLATE = "{{ .ResourceKind }}-{{ .Group }}-{{ .ResourceAPIVersion }}.json"
_MONITORING = "example/prometheus-operator-crd/monitoring.coreos.com_"
CRD_FILES = {
    ("envoy-gateway", "sigs.k8s.io/gateway-api"): ("config/crd/standard/**/*.yaml",),
    ("envoy-gateway", "github.com/envoyproxy/gateway"): (
        "charts/gateway-crds-helm/templates/generated/**/*.yaml",
    ),
    ("keda", "github.com/kedacore/keda/v2"): ("config/crd/bases/**/*.yaml",),
    ("prometheus-operator", "github.com/prometheus-operator/prometheus-operator"): (
        f"{_MONITORING}podmonitors.yaml",
        f"{_MONITORING}prometheusrules.yaml",
    ),
}
"""Where the CRDs lie in a module, by the tools module that pins it and its name."""


def module_folder(tools: str, module: str) -> Path:
    """Return where a pinned module lies in the Go module cache, fetching it when it is not there yet."""
    where, environment = source_of(tools), go_environment()
    run(["go", "mod", "download", module], cwd=where, env=environment, timeout=DOWNLOAD_SECONDS)
    listed = run(["go", "list", "-m", "-f", "{{.Dir}}", module], cwd=where, env=environment)
    return Path(listed.stdout.strip())


def ensure() -> str:
    """Return kubeconform's -schema-location, writing the schemas first where the cache lacks them."""
    kubernetes = module_folder("kubernetes", "k8s.io/kubernetes")
    crds = [module_folder(tools, module) for tools, module in CRD_FILES]
    into = (
        cache_root() / "schemas" / "-".join([*(module.name for module in (kubernetes, *crds)), str(RECIPE)])
    )
    if not into.exists():
        unfinished = into.with_name(f"{into.name}.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        swagger = json.loads((kubernetes / "api/openapi-spec/swagger.json").read_text(encoding="utf-8"))
        write(from_openapi(swagger), unfinished)
        for module, patterns in zip(crds, CRD_FILES.values(), strict=True):
            for pattern in patterns:
                write(from_crds(crd_documents(module.glob(pattern))), unfinished)
        unfinished.rename(into)
    return f"{into}/{TEMPLATE}"


def write(schemas: Iterable[tuple[str, Mapping[str, Any]]], into: Path) -> None:
    """Write each schema under the name that kubeconform will ask for."""
    for name, schema in schemas:
        (into / name).write_text(json.dumps(schema), encoding="utf-8")


def from_openapi(swagger: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (file name, schema) of every kind in the document, each with the definitions that it reaches."""
    definitions: dict[str, Any] = {key: strict(value) for key, value in swagger["definitions"].items()}
    definitions[QUANTITY] = {"type": ["string", "number"]}
    for key, definition in swagger["definitions"].items():
        for kind in definition.get("x-kubernetes-group-version-kind", []):
            body = {name: definitions[name] for name in sorted(closure(key, definitions))}
            schema = {"$ref": f"#/definitions/{key}", "definitions": body}
            yield file_name(kind["kind"], kind["group"], kind["version"]), schema


def from_crds(documents: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (file name, schema) of every version of every custom resource definition."""
    for document in documents:
        spec = document["spec"]
        for version in spec["versions"]:
            schema = strict(version["schema"]["openAPIV3Schema"])
            schema["properties"] |= {"apiVersion": {}, "kind": {}, "metadata": {"type": "object"}}
            yield file_name(spec["names"]["kind"], spec["group"], version["name"]), schema


def crd_documents(files: Iterable[Path]) -> Iterator[Mapping[str, Any]]:
    """Read every CRD of some files; a chart's conditional lines are template text and are dropped."""
    for path in sorted(files):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if "{{" not in line]
        for document in yaml.safe_load_all("\n".join(lines)):
            if document and document.get("kind") == "CustomResourceDefinition":
                yield document


def file_name(kind: str, group: str, version: str) -> str:
    """Return the name after TEMPLATE: in lower case, and the core group goes by its version."""
    return f"{kind}-{group or version}-{version}.json".lower()


def strict(schema: Any) -> Any:
    """Return a copy that refuses unknown fields and takes a number or a text where Kubernetes takes both."""
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "int-or-string" or schema.get("x-kubernetes-int-or-string") is True:
        return {"type": ["string", "integer"]}
    copy = dict(schema)
    for key in (
        "items",
        "additionalProperties",
    ):  # not allOf and its like: each branch there knows a part only
        if key in copy:
            copy[key] = strict(copy[key])
    if "properties" in copy:
        copy["properties"] = {name: strict(value) for name, value in copy["properties"].items()}
        if "additionalProperties" not in copy and not copy.get("x-kubernetes-preserve-unknown-fields"):
            copy["additionalProperties"] = False
    return copy


def closure(start: str, definitions: Mapping[str, Any]) -> set[str]:
    """Return the names of all definitions that one refers to, itself among them."""
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(references(definitions[name]))
    return reached


def references(schema: Any) -> Iterator[str]:
    """Yield the names that a schema refers to."""
    if isinstance(schema, dict):
        if isinstance(target := schema.get("$ref"), str):
            yield target.removeprefix("#/definitions/")
        for value in schema.values():
            yield from references(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from references(item)
