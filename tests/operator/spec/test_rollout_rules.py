"""What a rollout may be asked to do; the examples on both sides of each rule are those of test_rules.py."""

from __future__ import annotations

from paddle_operator.spec.rollout import Rollout
from paddle_operator.spec.rollout_rules import ROLLOUT_RULES
from paddle_operator.spec.structural import structural


def test_every_message_says_what_to_do() -> None:
    for rule in ROLLOUT_RULES:
        assert any(word in rule.message for word in ("lower it", "put them", "write for instance", "remove"))


def test_the_api_server_fills_in_what_the_parser_fills_in() -> None:
    """Defaults are written out in the schema, so that everybody sees what a rollout will do."""
    schema = structural(Rollout)["properties"]
    told = {name: field["default"] for name, field in schema.items()}
    assert told == Rollout().model_dump(by_alias=True, mode="json", exclude_none=True)
    assert [one["weight"] for one in told["steps"]] == [5, 25, 50]
