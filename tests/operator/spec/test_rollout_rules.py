"""What a rollout may be asked to do, by examples on both sides of every rule.

The corpus is the one that the API server is asked about, once a service has the block.
"""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from paddle_operator.spec.complaint import violation_of
from paddle_operator.spec.rollout import Rollout
from paddle_operator.spec.rollout_rules import ROLLOUT_RULES
from paddle_operator.spec.rule import places
from paddle_operator.spec.structural import structural
from tests.contract.case import Case
from tests.contract.rollouts import ROLLOUTS_ACCEPTED, ROLLOUTS_MISSHAPEN, ROLLOUTS_REJECTED


def broken(case: Case) -> list[str]:
    try:
        block = Rollout.model_validate_json(json.dumps(case.resource.body["spec"]["rollout"]))
    except ValidationError as rejected:
        return [violation_of(error).rule for error in rejected.errors()]
    filled = block.model_dump(by_alias=True, mode="json", exclude_none=True)
    body = {"spec": {"rollout": filled}}
    return [
        rule.name for rule in ROLLOUT_RULES for _, value in places(body, rule.at) if not rule.holds(value)
    ]


@pytest.mark.parametrize("case", ROLLOUTS_ACCEPTED, ids=lambda case: case.sentence)
def test_this_is_accepted(case: Case) -> None:
    assert broken(case) == []


@pytest.mark.parametrize("case", [*ROLLOUTS_REJECTED, *ROLLOUTS_MISSHAPEN], ids=lambda case: case.sentence)
def test_this_breaks_exactly_these_rules(case: Case) -> None:
    assert broken(case) == list(case.breaks)


def test_every_rule_has_an_example_that_breaks_it() -> None:
    assert {name for case in ROLLOUTS_REJECTED for name in case.breaks} == {
        rule.name for rule in ROLLOUT_RULES
    }


def test_every_message_says_what_to_do() -> None:
    for rule in ROLLOUT_RULES:
        assert any(word in rule.message for word in ("lower it", "put them", "write for instance"))


def test_the_api_server_fills_in_what_the_parser_fills_in() -> None:
    """Defaults are written out in the schema, so that everybody sees what a rollout will do."""
    schema = structural(Rollout)["properties"]
    told = {name: field["default"] for name, field in schema.items()}
    assert told == Rollout().model_dump(by_alias=True, mode="json", exclude_none=True)
    assert [one["weight"] for one in told["steps"]] == [5, 25, 50]
