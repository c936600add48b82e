"""Parsing takes anything, and answers with a frozen value or with everything that is wrong."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import pydantic
import pytest

from paddle_operator.errors import SpecRejected, Violation
from paddle_operator.spec import parse
from paddle_operator.spec.workload import Device
from tests.operator.given import a_resource, a_service


def violations(body: Any) -> tuple[Violation, ...]:
    with pytest.raises(SpecRejected) as caught:
        parse(body)
    return caught.value.violations


def messages(body: Any) -> str:
    return "\n".join(str(violation) for violation in violations(body))


def test_a_resource_becomes_a_value_with_its_identity_and_defaults() -> None:
    service = a_service()
    assert (service.identity.name, service.identity.namespace, service.identity.generation) == (
        "ocr",
        "prod",
        3,
    )
    assert service.spec.runtime.device is Device.CPU
    assert service.spec.probes.period_seconds == 10
    assert (service.spec.scaling.replicas, service.spec.scaling.least) == (None, 1)
    assert service.spec.model.preload.size_limit == "512Mi"


def test_the_value_cannot_be_changed_at_any_depth() -> None:
    service = a_service(a_resource().with_("spec.runtime.resources", {"limits": {"cpu": 1}}))
    with pytest.raises(pydantic.ValidationError):
        service.spec.model.preload.size_limit = "1Gi"
    with pytest.raises(dataclasses.FrozenInstanceError):
        service.identity.name = "other"  # type: ignore[misc]
    service.spec.runtime.resources.limits.thaw()["cpu"] = 9
    assert service.spec.runtime.resources.limits.thaw() == {"cpu": 1}
    assert hash(service.spec) == hash(
        a_service(a_resource().with_("spec.runtime.resources", {"limits": {"cpu": 1}})).spec
    )


def test_the_namespace_is_default_when_none_is_named() -> None:
    assert a_service(a_resource().with_("metadata.namespace", None)).identity.namespace == "default"


def test_a_null_field_is_an_absent_one_as_for_the_api_server() -> None:
    with_null = a_resource()
    with_null.body["spec"]["probes"] = None
    with_null.body["spec"]["model"]["digest"] = None
    assert parse(with_null.body).spec == a_service().spec


def test_everything_that_is_wrong_is_said_at_once() -> None:
    body = (
        a_resource()
        .named("Bad_Name")
        .with_("spec.model.digest", "abc")
        .with_("spec.replicas", 3)
        .with_("spec.runtime", {"deviceCount": 2})
        .body
    )
    assert {violation.path for violation in violations(body)} == {
        "metadata.name",
        "spec.model.digest",
        "spec.replicas",
        "spec.runtime",
    }


def test_a_path_is_written_as_people_write_it() -> None:
    body = a_resource().promising({"name": "slow", "latency": {"percentile": 95}}).body
    assert [violation.path for violation in violations(body)] == [
        "spec.sla.objectives[0].latency.percentile",
        "spec.sla.objectives[0].latency.thresholdMilliseconds",
    ]


@pytest.mark.parametrize(
    ("path", "value", "hint"),
    [
        ("spec.modle", {}, 'did you mean "model"?'),
        ("spec.replicas", 2, "did you mean spec.scaling.replicas?"),
        ("spec.runtime.sizeLimit", "1Gi", "did you mean spec.model.preload.sizeLimit?"),
        ("spec.runtime.batches", {}, "known here are device, deviceCount"),
        ("spec.sla.objectives.0.avail", {}, "known here are name, availability"),
        ("spec.model.s3.Endpoint", "x", 'did you mean "endpoint"?'),
    ],
)
def test_an_unknown_field_is_refused_with_the_one_that_was_probably_meant(
    path: str, value: Any, hint: str
) -> None:
    assert hint in messages(a_resource().with_(path, value).body)


def test_an_unknown_field_hides_no_other_violation() -> None:
    found = violations(a_resource().with_("spec.modle", {}).with_("spec.model.digest", "abc").body)
    assert {violation.rule for violation in found} == {"unknown-field", "digest-form"}


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("spec.model.version", 4, "must be a string, is 4: put it in quotes"),
        ("spec.model.version", True, "must be a string, is true: put it in quotes"),
        (
            "spec.model.task",
            "ocr",
            "must be one of 'OCR', 'Detection', 'ImageClassification', 'TextClassification' or 'Tensor', is",
        ),
        ("spec.scaling", {"replicas": 0}, "must be at least 1, is 0"),
        ("spec.scaling", {"replicas": 2.5}, "must be a whole number, is 2.5"),
        ("spec.sla", None, "spec.sla: is required"),
        ("spec.runtime", "GPU", 'must be an object, is "GPU"'),
        ("spec.runtime", {"pod": {"env": {}}}, "must be a list, is {}"),
        ("spec.runtime", {"resources": {"limits": {"cpu": 0.5}}}, "such as 500m, 2 or 1Gi, is 0.5"),
    ],
)
def test_a_wrong_type_is_named_with_the_value_and_what_to_write(path: str, value: Any, words: str) -> None:
    assert words in messages(a_resource().with_(path, value).body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([], "the document must be an object"),
        (None, "the document must be an object"),
        ({}, "apiVersion: must be serving.paddle-sla.io/v1alpha1"),
        ({"metadata": 3}, "metadata: must be an object with a name"),
        ({1: 2}, "must be strings"),
        ({"a": datetime.date(2026, 1, 1)}, "is a date: put it in quotes"),
        ({"a": float("nan")}, "nan is no number"),
    ],
)
def test_what_is_no_resource_at_all_is_refused_in_words(body: Any, words: str) -> None:
    assert words in messages(body)


def test_a_document_nested_beyond_reason_is_refused() -> None:
    deep: Any = {}
    for _ in range(200):
        deep = {"spec": deep}
    assert "nested more than" in messages(deep)


def test_a_document_blown_up_by_aliases_is_refused() -> None:
    block: Any = {"a": 1}
    for _ in range(40):
        block = [block, block]
    assert "values" in messages({"spec": block})


def test_a_long_value_is_cut_in_the_message() -> None:
    found = violations(a_resource().with_("spec.model.task", "x" * 5000).body)
    assert len(found[0].message) < 200


def test_half_a_character_is_refused_in_words() -> None:
    assert "spec" in messages(a_resource().with_("spec.model.version", "\ud800").body)
