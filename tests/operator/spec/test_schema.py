"""The CRD says what the model says, and what the API server needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from paddle_operator.documents import render
from paddle_operator.spec import schema
from paddle_operator.spec.complaint import known_fields
from paddle_operator.spec.rules import RULES


def version() -> dict[str, Any]:
    found: dict[str, Any] = schema.definition()["spec"]["versions"][0]
    return found


def root() -> dict[str, Any]:
    found: dict[str, Any] = version()["schema"]["openAPIV3Schema"]
    return found


def nodes(place: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, place
    for name, inner in place.get("properties", {}).items():
        yield from nodes(inner, f"{path}.{name}")
    for name in ("items", "additionalProperties"):
        if name in place:
            yield from nodes(place[name], f"{path}[]")


def field_at(path: str) -> dict[str, Any]:
    """The schema of the field that a JSONPath leads to, whichever item of a list it picks."""
    place = root()
    for name in re.sub(r"\[.*\]", "", path).strip(".").split("."):
        place = place["properties"][name] if "properties" in place else place["items"]["properties"][name]
    return place


def test_every_field_is_described() -> None:
    for block in ("spec", "status"):
        undescribed = [
            path
            for path, place in nodes(root()["properties"][block], block)
            if not path.endswith("[]") and not place.get("description")
        ]
        assert undescribed == []


def test_everything_has_a_bound_so_that_the_cost_of_rules_can_be_estimated() -> None:
    unbounded = [
        path
        for path, place in nodes(root()["properties"]["spec"], "spec")
        if (place.get("type") == "string" and "maxLength" not in place and "enum" not in place)
        or (place.get("type") == "array" and "maxItems" not in place)
        or ("additionalProperties" in place and "maxProperties" not in place)
        or (place.get("type") == "integer" and "maximum" not in place)
    ]
    assert unbounded == []


def test_lists_of_named_things_are_merged_by_name() -> None:
    merged = {
        path: set(place["x-kubernetes-list-map-keys"]) <= set(place["items"]["required"])
        for path, place in nodes(root(), "")
        if place.get("x-kubernetes-list-type") == "map"
    }
    assert merged[".spec.sla.objectives"]
    assert all(merged.values()), merged


def test_the_schema_is_structural() -> None:
    for path, place in nodes(root(), ""):
        assert not {"$ref", "title", "allOf", "oneOf"} & place.keys(), path
        assert place.get("type") or place.get("x-kubernetes-int-or-string"), path
        assert not ("properties" in place and "additionalProperties" in place), path
        if place.get("type") == "array":
            assert "items" in place, path


def test_a_parent_of_defaults_has_them_too() -> None:
    spec = root()["properties"]["spec"]["properties"]
    assert spec["probes"]["default"] == {"periodSeconds": 10, "failureThreshold": 3, "timeoutSeconds": 2}
    assert spec["runtime"]["default"]["queue"] == {"maxRequests": 64}
    assert "default" not in spec["sla"], "a promise cannot be left out"


def test_every_rule_with_cel_is_in_the_schema_once() -> None:
    written = [
        rule["rule"] for _, place in nodes(root(), "") for rule in place.get("x-kubernetes-validations", ())
    ]
    assert sorted(written) == sorted(rule.cel for rule in RULES if rule.cel)


def test_a_rule_without_cel_stands_at_a_list_that_the_schema_keeps_unique() -> None:
    lists = {
        path.lstrip("."): place["x-kubernetes-list-type"]
        for path, place in nodes(root(), "")
        if "x-kubernetes-list-type" in place
    }
    for rule in RULES:
        if not rule.cel and not rule.ours:
            assert lists[rule.at] in {"map", "set"}, rule.at


def test_the_scale_subresource_points_at_fields_that_exist() -> None:
    scale = version()["subresources"]["scale"]
    paths = (scale["specReplicasPath"], scale["statusReplicasPath"], scale["labelSelectorPath"])
    assert [field_at(path)["type"] for path in paths] == ["integer", "integer", "string"]


def test_short_name_and_categories_are_there() -> None:
    names = schema.definition()["spec"]["names"]
    assert names["shortNames"] == ["pms"]
    assert names["categories"] == ["paddle", "ai"]


def test_columns_read_fields_that_exist() -> None:
    for column in version()["additionalPrinterColumns"]:
        if column["jsonPath"] != ".metadata.creationTimestamp":
            assert field_at(column["jsonPath"])["type"] == column["type"], column["name"]


def test_the_file_is_small_enough_to_be_applied_by_any_client() -> None:
    assert len(render(schema.definition())) < 200_000


def test_known_fields_are_those_of_the_schema() -> None:
    in_schema = {
        path.replace("[]", "").removeprefix("spec.")
        for path, _ in nodes(root()["properties"]["spec"], "spec")
        if path != "spec"
    }
    assert {".".join(path) for path in known_fields()} <= in_schema
