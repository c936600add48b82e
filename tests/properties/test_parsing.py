"""Whatever is parsed, the answer is a value or violations, and equal texts give equal values."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings

from paddle_operator.errors import SpecRejected, Violation
from paddle_operator.spec import parse
from tests.operator.given import Resource
from tests.properties.resources import ANYTHING, broken_resources, correct_resources


def only_violations(body: Any) -> None:
    found: tuple[Violation, ...] = ()
    accepted = False
    try:
        parse(body)
        accepted = True
    except SpecRejected as rejected:
        found = rejected.violations
    assert accepted is (found == ())
    assert all(violation.rule and violation.message for violation in found)


@given(ANYTHING)
@settings(max_examples=300)
def test_anything_at_all_raises_only_violations(body: Any) -> None:
    only_violations(body)


@given(broken_resources())
@settings(max_examples=300)
def test_a_resource_with_anything_in_its_fields_raises_only_violations(body: Any) -> None:
    only_violations(body)


@given(correct_resources())
@settings(max_examples=200)
def test_a_correct_resource_is_accepted_and_parsed_the_same_again(resource: Resource) -> None:
    device = resource.body["spec"]["runtime"].get("device")
    assert device in {None, "CPU", "GPU", "NPU", "MLU"}
    once = parse(resource.body)
    assert parse(json.loads(json.dumps(resource.body))) == once
    assert hash(once.spec) == hash(parse(resource.body).spec)


@given(correct_resources())
@settings(max_examples=100)
def test_defaults_written_out_mean_the_same(resource: Resource) -> None:
    once = parse(resource.body)
    written = {**resource.body, "spec": once.spec.model_dump(by_alias=True, mode="json", exclude_none=True)}
    assert parse(written) == once
