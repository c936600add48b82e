"""From a typed block to a structural schema, the subset of OpenAPI that a CRD may use.

pydantic writes references, titles and unions with null; a CRD allows none of them. An optional block
becomes an absent property. A block whose fields have defaults has them as its own default too, so that
everybody sees them; `{}` would do but for the API server, which checks CEL rules on the bare default.
"""

from __future__ import annotations

import re
from typing import Any

from paddle_operator.spec.base import Block

Schema = dict[str, Any]

_COPIED = (
    "type",
    "format",
    "enum",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "maxProperties",
    "pattern",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-int-or-string",
)


def structural(block: type[Block]) -> Schema:
    """Return the schema of a block, with every reference written out."""
    schema = block.model_json_schema(by_alias=True)
    return _converted(schema, schema.get("$defs", {}))


def without_defaults(schema: Schema) -> Schema:
    """Return the schema without defaults: in a status only the operator writes."""
    inner = {name: without_defaults(below) for name, below in schema.get("properties", {}).items()}
    kept = {key: value for key, value in schema.items() if key != "default"}
    if "items" in schema:
        kept["items"] = without_defaults(schema["items"])
    return {**kept, "properties": inner} if inner else kept


def _converted(schema: Schema, definitions: Schema) -> Schema:
    described = _resolved(schema, definitions)
    found: Schema = {}
    if "description" in described:
        found["description"] = _one_line(described["description"])
    found |= {key: described[key] for key in _COPIED if key in described}
    if "const" in described:
        found |= {"type": "string", "enum": [described["const"]]}
    if described.get("x-kubernetes-int-or-string"):
        found["anyOf"] = described["anyOf"]
    if "properties" in described:
        found["properties"] = {
            name: _property(inner, definitions) for name, inner in described["properties"].items()
        }
        if described.get("required"):
            found["required"] = described["required"]
    elif isinstance(described.get("additionalProperties"), dict):
        found["additionalProperties"] = _converted(described["additionalProperties"], definitions)
    elif found.get("type") == "object":
        found["x-kubernetes-preserve-unknown-fields"] = True
    if "items" in described:
        found["items"] = _converted(described["items"], definitions)
        found.setdefault("x-kubernetes-list-type", "atomic")
    return found


def _property(schema: Schema, definitions: Schema) -> Schema:
    """Convert a field: its default is kept where it says something, a block's is that of its fields."""
    found = _converted(schema, definitions)
    if found.get("properties") and "default" in schema and not found.get("required"):
        filled = {name: inner["default"] for name, inner in found["properties"].items() if "default" in inner}
        if schema["default"] is not None and filled:
            found["default"] = filled
    elif found.get("type") != "object" and schema.get("default") not in (None, "", []):
        found["default"] = schema["default"]
    return found


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """Follow references and drop null from unions. The field's own words win over the type's."""
    reference = schema.get("$ref")
    if reference is not None:
        target = _resolved(definitions[reference.rpartition("/")[2]], definitions)
        return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    if len(choices) == 1:
        inner = _resolved(choices[0], definitions)
        return {**inner, **{key: value for key, value in schema.items() if key != "anyOf"}}
    return schema


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
