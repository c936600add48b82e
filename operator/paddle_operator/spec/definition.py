"""What both CustomResourceDefinitions are made of: names, columns, and rules at their places in a schema."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from paddle_operator import names
from paddle_operator.spec.base import Block
from paddle_operator.spec.rule import Rule
from paddle_operator.spec.structural import structural, without_defaults

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """The names of a kind."""

    kind: str
    list_kind: str
    plural: str
    singular: str
    short_name: str


def definition_of(
    kind: Kind, schema: Schema, columns: Sequence[Schema], subresources: Schema
) -> dict[str, Any]:
    """Return the CustomResourceDefinition of a kind."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{names.GROUP}"},
        "spec": {
            "group": names.GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind.kind,
                "listKind": kind.list_kind,
                "plural": kind.plural,
                "singular": kind.singular,
                "shortNames": [kind.short_name],
                "categories": list(names.CATEGORIES),
            },
            "versions": [
                {
                    "name": names.VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": subresources,
                    "additionalPrinterColumns": list(columns),
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }


def schema_of(
    kind: str, description: str, spec: type[Block], status: type[Block], rules: Iterable[Rule]
) -> Schema:
    """Return the schema of a resource, rules included."""
    schema: Schema = {
        "description": description,
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": f"Always {names.API_VERSION}."},
            "kind": {"type": "string", "description": f"Always {kind}."},
            "metadata": {"type": "object"},
            "spec": structural(spec),
            "status": without_defaults(structural(status)),
        },
    }
    for rule in rules:
        if rule.cel:
            place = _place(schema, rule.at)
            place.setdefault("x-kubernetes-validations", []).append(
                {"rule": rule.cel, "message": rule.message}
            )
    return schema


def column(
    name: str, path: str, description: str, *, kind: str = "string", wide: bool = False
) -> dict[str, Any]:
    """Return a column of `kubectl get`."""
    return {
        "name": name,
        "type": kind,
        "jsonPath": path,
        "description": description,
        **({"priority": 1} if wide else {}),
    }


def condition(condition_type: str, field: str) -> str:
    """Return the path to a field of a condition."""
    return f'.status.conditions[?(@.type=="{condition_type}")].{field}'


def _place(schema: Schema, at: str) -> Schema:
    """Find the schema of the field that a rule stands at."""
    for step in at.replace("[*]", ".[*]").split(".") if at else []:
        schema = schema["items"] if step == "[*]" else schema["properties"][step]
    return schema
