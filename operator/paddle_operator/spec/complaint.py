"""From pydantic's error records to violations that say which value was wrong and what to write instead."""

from __future__ import annotations

import difflib
import functools
import types
from typing import Any, get_args

from pydantic_core import ErrorDetails

from paddle_operator.errors import Violation
from paddle_operator.spec.base import Block
from paddle_operator.spec.model import Spec
from paddle_operator.spec.rule import shown

Location = tuple[int | str, ...]

_REQUIRED = {"missing"}
_TEXTS = {
    "int_type": "must be a whole number, is {value}",
    "int_parsing": "must be a whole number, is {value}",
    "int_from_float": "must be a whole number, is {value}",
    "int_parsing_size": "must be a smaller number, is {value}",
    "enum": "must be one of {expected}, is {value}",
    "literal_error": "must be one of {expected}, is {value}",
    "greater_than_equal": "must be at least {ge}, is {value}",
    "less_than_equal": "must be at most {le}, is {value}",
    "string_too_long": "must have at most {max_length} characters, is {value}",
    "string_too_short": "must not be empty, is {value}",
    "string_pattern_mismatch": "must match {pattern}, is {value}",
    "too_long": "must have at most {max_length} items, has {actual_length}",
    "too_short": "must have at least {min_length} item, has {actual_length}",
    "tuple_type": "must be a list, is {value}",
    "dict_type": "must be an object, is {value}",
    "model_type": "must be an object, is {value}",
    "string_unicode": "must be valid Unicode, is {value}",
    "quantity": "must be a quantity such as 500m, 2 or 1Gi, is {value}",
}


def violation_of(error: ErrorDetails) -> Violation:
    """Turn one record into a violation."""
    location: Location = tuple(step for step in error["loc"] if step != "[key]")
    path = dotted(("spec", *location))
    kind = error["type"]
    value = shown(error["input"])
    if kind == "extra_forbidden":
        return Violation(path, "unknown-field", _unknown_field(location))
    if kind in _REQUIRED:
        return Violation(path, "required", "is required: add it")
    if kind == "string_type":
        quoted = "" if isinstance(error["input"], dict | list) else ": put it in quotes"
        return Violation(path, "type", f"must be a string, is {value}{quoted}")
    template = _TEXTS.get(kind)
    if template is None:
        return Violation(path, kind, f"{error['msg']}, is {value}")
    return Violation(path, kind, template.format(value=value, **error.get("ctx", {})))


def dotted(location: Location) -> str:
    """Write a path as people do: spec.sla.objectives[0].name."""
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def _unknown_field(location: Location) -> str:
    """Say which known field was probably meant: a sibling first, else the same name elsewhere."""
    field = str(location[-1])
    names = tuple(str(step) for step in location if not isinstance(step, int))
    known = known_fields()
    siblings = [path[-1] for path in known if path[:-1] == names[:-1]]
    near = difflib.get_close_matches(field, siblings, n=1, cutoff=0.7)
    if near:
        return f'unknown field "{field}": did you mean "{near[0]}"?'
    leaves = {path[-1].lower(): path for path in reversed(known)}
    elsewhere = difflib.get_close_matches(field.lower(), leaves, n=1, cutoff=0.8)
    if elsewhere:
        return f'unknown field "{field}": did you mean {".".join(("spec", *leaves[elsewhere[0]]))}?'
    return f'unknown field "{field}": remove it; known here are {", ".join(siblings)}'


@functools.cache
def known_fields() -> tuple[tuple[str, ...], ...]:
    """Every field's path below spec, without list indices, parents before children."""
    return tuple(_fields_of(Spec, ()))


def _fields_of(block: type[Block], above: tuple[str, ...]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, field in block.model_fields.items():
        path = (*above, field.alias or name)
        found.append(path)
        inner = _block_in(field.annotation)
        if inner is not None:
            found += _fields_of(inner, path)
    return found


def _block_in(annotation: Any) -> type[Block] | None:
    """Find the block in X, X | None, tuple[X, ...]."""
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation if issubclass(annotation, Block) else None
    for argument in get_args(annotation):
        inner = _block_in(argument)
        if inner is not None:
            return inner
    return None
