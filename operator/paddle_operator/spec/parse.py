"""From an untrusted mapping to a Service, or every violation at once."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from paddle_operator import names
from paddle_operator.errors import SpecRejected, Violation
from paddle_operator.spec import rules
from paddle_operator.spec.complaint import violation_of
from paddle_operator.spec.model import Identity, Service, Spec
from paddle_operator.spec.rule import shown

MAX_DEPTH = 64
"""Levels of nesting that are read; the schema needs ten."""
MAX_VALUES = 100_000
"""Values that are read: YAML's aliases can make a small file a huge one."""
_TOP_LEVEL = frozenset({"apiVersion", "kind", "metadata", "spec", "status"})


class _NotJson(Exception):
    """A value that no JSON document can hold."""


def parse(body: Mapping[str, Any], *, accepted: bool = False) -> Service:
    """Parse a resource; raise SpecRejected with all violations, and never anything else.

    `accepted`: its spec is one that was accepted before, and is not held to rules that came late.
    """
    try:
        plain = _plain(body, 0, itertools.count())
    except _NotJson as why:
        raise SpecRejected(
            [Violation("", "json", f"the document must be JSON or YAML of JSON's types: {why}")]
        ) from None
    if not isinstance(plain, dict):
        raise SpecRejected([Violation("", "type", f"the document must be an object, is {shown(plain)}")])
    violations = _header_violations(plain)
    spec, found = _parse_spec(plain.get("spec", {}))
    violations += found
    if spec is not None:
        violations += _rule_violations(plain, spec, accepted=accepted)
    if violations or spec is None:
        raise SpecRejected(violations)
    metadata = plain["metadata"]
    return Service(
        Identity(
            name=metadata["name"],
            namespace=metadata.get("namespace", "default"),
            uid=metadata.get("uid", ""),
            generation=metadata.get("generation", 0),
        ),
        spec,
    )


def _header_violations(body: dict[str, Any]) -> list[Violation]:
    found = [
        Violation(field, "constant", f"must be {wanted}, is {shown(body.get(field))}")
        for field, wanted in (("apiVersion", names.API_VERSION), ("kind", names.KIND))
        if body.get(field) != wanted
    ]
    found += [
        Violation(field, "unknown-field", f"unknown field {shown(field)}: remove it, or indent it under spec")
        for field in body
        if field not in _TOP_LEVEL
    ]
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        return [*found, Violation("metadata", "required", "must be an object with a name")]
    types: tuple[tuple[str, type], ...] = (
        ("name", str),
        ("namespace", str),
        ("uid", str),
        ("generation", int),
    )
    found += [
        Violation(
            f"metadata.{field}", "type", f"must be of type {kind.__name__}, is {shown(metadata[field])}"
        )
        for field, kind in types
        if field in metadata and not isinstance(metadata[field], kind)
    ]
    if "name" not in metadata:
        found.append(Violation("metadata.name", "required", "is required: name the service"))
    return found


def _parse_spec(raw: Any) -> tuple[Spec | None, list[Violation]]:
    """Return the parsed block and its violations; both, when only unknown fields were wrong."""
    try:
        return Spec.model_validate_json(json.dumps(raw)), []
    except ValidationError as rejected:
        errors = rejected.errors(include_url=False, include_context=True)
    found = [violation_of(error) for error in errors if not _follows(error, errors)]
    if any(error["type"] != "extra_forbidden" for error in errors):
        return None, found
    for error in errors:
        _remove(raw, error["loc"])
    spec, _ = _parse_spec(raw)
    return spec, found


def _follows(error: ErrorDetails, errors: list[ErrorDetails]) -> bool:
    """Tell whether a list is called too short only because pydantic did not count its wrong items."""
    place = error["loc"]
    return error["type"] == "too_short" and any(
        len(other["loc"]) > len(place) and other["loc"][: len(place)] == place for other in errors
    )


def _remove(raw: Any, location: tuple[int | str, ...]) -> None:
    for step in location[:-1]:
        raw = raw[step]
    del raw[location[-1]]


def _rule_violations(body: dict[str, Any], spec: Spec, *, accepted: bool) -> list[Violation]:
    filled = spec.model_dump(by_alias=True, mode="json", exclude_none=True)
    metadata = body.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    checked = {"metadata": {"name": name if isinstance(name, str) else "x"}, "spec": filled}
    found = rules.check(checked, accepted=accepted)
    return [violation for violation in found if isinstance(name, str) or violation.rule != "name-form"]


def _plain(value: Any, depth: int, counter: Iterator[int]) -> Any:
    """Copy into JSON's types. A null field means an absent one, as the API server takes it."""
    if depth > MAX_DEPTH:
        raise _NotJson(f"it is nested more than {MAX_DEPTH} levels deep")
    if next(counter) > MAX_VALUES:
        raise _NotJson(f"it has more than {MAX_VALUES} values")
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise _NotJson(f"the keys {shown(list(value))} must be strings: put them in quotes")
        return {key: _plain(item, depth + 1, counter) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1, counter) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise _NotJson(f"{value} is no number")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise _NotJson(f"{shown(value)} is a {type(value).__name__}: put it in quotes")
