"""The second kind's definition says what its model says, and what the API server needs."""

from __future__ import annotations

from typing import Any

from paddle_operator.documents import render
from paddle_operator.spec import sla_report_schema
from tests.operator.spec.test_schema import nodes

DEFINITION = sla_report_schema.definition()
VERSION = DEFINITION["spec"]["versions"][0]
ROOT: dict[str, Any] = VERSION["schema"]["openAPIV3Schema"]


def test_every_field_is_described() -> None:
    for block in ("spec", "status"):
        undescribed = [
            path
            for path, place in nodes(ROOT["properties"][block], block)
            if not path.endswith("[]") and not place.get("description")
        ]
        assert undescribed == []


def test_there_is_no_float_and_everything_has_a_bound() -> None:
    for path, place in nodes(ROOT, ""):
        assert place.get("type") != "number", path
        if place.get("type") == "string" and path not in {".apiVersion", ".kind"}:
            assert {"maxLength", "enum", "format"} & place.keys(), path
        if place.get("type") == "array":
            assert "maxItems" in place, path


def test_named_lists_are_merged_by_a_name_that_is_required() -> None:
    merged = {
        path: set(place["x-kubernetes-list-map-keys"]) <= set(place["items"]["required"])
        for path, place in nodes(ROOT, "")
        if place.get("x-kubernetes-list-type") == "map"
    }
    assert merged[".status.objectives"]
    assert all(merged.values()), merged


def test_a_status_has_no_defaults_and_the_spec_cannot_be_changed() -> None:
    assert not [path for path, place in nodes(ROOT["properties"]["status"], "status") if "default" in place]
    rules = [one["rule"] for one in ROOT["properties"]["spec"]["x-kubernetes-validations"]]
    assert rules == ["self == oldSelf"]


def test_every_column_leads_to_a_field() -> None:
    for column in VERSION["additionalPrinterColumns"]:
        path = column["jsonPath"]
        if path.startswith((".metadata", ".status.conditions")):
            continue
        place = ROOT
        for step in path.strip(".").split("."):
            place = place["properties"][step]


def test_the_definition_fits_beside_its_copy_in_one_object() -> None:
    assert len(render(DEFINITION)) < 60_000
