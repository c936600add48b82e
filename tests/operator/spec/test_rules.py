"""Every rule, by examples on both sides of it; tests/contract asks the API server the same."""

from __future__ import annotations

import pytest

from paddle_operator.errors import SpecRejected
from paddle_operator.spec import parse
from paddle_operator.spec.rules import RULES
from tests.contract.corpus import ACCEPTED, DUPLICATES, MISSHAPEN, OURS_ALONE, REJECTED, Case


def broken(case: Case) -> list[str]:
    try:
        parse(case.resource.body)
    except SpecRejected as rejected:
        return [violation.rule for violation in rejected.violations]
    return []


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.sentence)
def test_this_is_accepted(case: Case) -> None:
    assert broken(case) == []


@pytest.mark.parametrize(
    "case", [*REJECTED, *DUPLICATES, *OURS_ALONE, *MISSHAPEN], ids=lambda case: case.sentence
)
def test_this_breaks_exactly_these_rules(case: Case) -> None:
    assert sorted(broken(case)) == sorted(case.breaks)


def test_every_rule_has_an_example_that_breaks_it() -> None:
    shown = {name for case in (*REJECTED, *DUPLICATES, *OURS_ALONE) for name in case.breaks}
    assert shown == {rule.name for rule in RULES}


def test_every_message_says_what_to_do() -> None:
    for rule in RULES:
        assert len(rule.message) > 20
        assert any(word in rule.message for word in ("must", "needs", "is for", "need")), rule.message


def test_only_what_needs_a_table_of_zones_or_arithmetic_is_left_to_the_operator() -> None:
    assert {rule.name for rule in RULES if rule.ours} == {
        "schedule-ascends",
        "schedule-comes",
        "schedule-sense",
        "exclusions-size",
        "start-ascends",
        "start-comes",
        "zone-known",
    }
    assert all(not rule.cel for rule in RULES if rule.ours)
