"""The reference page of a kind, from the same schema as its CRD."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from paddle_operator.spec.rule import Rule

Schema = dict[str, Any]

HEAD = """\
# PaddleModelService

The reference of `serving.paddle-sla.io/v1alpha1`, generated from the typed model by `make generate`.
`kubectl explain pms --recursive` shows the same. A field without a default and not marked required may be
left out. Unknown fields are refused by kubectl, by server-side apply and by `paddle-operator plan`; other
clients get the API server's warning, and the field is dropped.

Without `spec.runtime.resources`: CPU asks for 500m and 1Gi and is limited to 1 CPU and 2Gi; GPU, NPU and MLU
ask for 2 CPUs and 4Gi and are limited to 4 CPUs and 8Gi. With `preload.target: Memory` its sizeLimit is added
to the memory of each container.
"""


REPORT_HEAD = """\
# ModelSLAReport

The reference of the kind `ModelSLAReport`, short `msr`, generated from the typed model by `make generate`;
`kubectl explain msr --recursive` shows the same. How to have reports made, and read them:
[reports](../how-to/reports.md).
"""


def page(head: str, spec: Schema, status: Schema, rules: Iterable[Rule], checked_by: str) -> str:
    """Return the page; `checked_by` is who checks the rules besides the API server."""
    return "\n".join(
        [
            head,
            "## Spec",
            "",
            "| Field | Type | Default | Meaning |",
            "| --- | --- | --- | --- |",
            *_rows(spec, "spec"),
            "",
            "## Rules",
            "",
            f"Checked by the API server (as CEL) and by {checked_by}, in the same words. What is",
            "marked with * the API server cannot tell: the operator says it in the status.",
            "",
            "| Field | Rule |",
            "| --- | --- |",
            *(_rule_row(rule) for rule in rules),
            "",
            "## Status",
            "",
            "| Field | Type | Meaning |",
            "| --- | --- | --- |",
            *(_status_row(path, place) for path, place, _ in _fields(status, "status")),
            "",
        ]
    )


def _rule_row(rule: Rule) -> str:
    return f"| `{rule.at or 'metadata.name'}`{' *' if rule.ours else ''} | {_cell(rule.message)} |"


def _rows(schema: Schema, path: str) -> Iterator[str]:
    for name, place, required in _fields(schema, path):
        bare = place.get("default") if "properties" not in place else None
        default = "required" if required else f"`{json.dumps(bare)}`" if bare is not None else ""
        yield f"| `{name}` | {_type(place)} | {default} | {_cell(place.get('description', ''))} |"


def _status_row(path: str, place: Schema) -> str:
    return f"| `{path}` | {_type(place)} | {_cell(place.get('description', ''))} |"


def _fields(schema: Schema, path: str) -> Iterator[tuple[str, Schema, bool]]:
    """Yield every field below a block with its path and whether it must be there, parents first."""
    for name, inner in schema.get("properties", {}).items():
        place = f"{path}.{name}"
        yield place, inner, name in schema.get("required", ())
        yield from _fields(inner, place)
        if inner.get("items", {}).get("properties"):
            yield from _fields(inner["items"], f"{place}[]")


def _type(place: Schema) -> str:
    if "enum" in place:
        return " \\| ".join(f"`{value}`" if value else "(empty)" for value in place["enum"])
    if place.get("x-kubernetes-int-or-string"):
        return "quantity"
    kind = str(place["type"])
    if kind == "array":
        return f"list of at most {place['maxItems']}" if "maxItems" in place else "list"
    if "additionalProperties" in place:
        return f"map to {_type(place['additionalProperties'])}"
    bounds = (place.get("minimum"), place.get("maximum"))
    if kind == "integer" and None not in bounds:
        return f"integer {bounds[0]} to {bounds[1]}"
    return kind


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
