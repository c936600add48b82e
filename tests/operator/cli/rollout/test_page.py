"""What a page says of a rollout."""

from __future__ import annotations

from typing import Any

import pytest

from paddle_operator.cli.rollout.page import evidence_table, next_steps, rollout_rows, under_way
from paddle_operator.cli.show import service_page
from tests.operator.cli.rollout.a_desk import CANARY, STABLE, a_service

RESULT = {
    "objective": "errors", "verdict": "NothingAgainst", "canaryRequests": 412, "canaryBad": 1,
    "stableRequests": 3790, "stableBad": 9, "evidenceAbsolute": "0.3", "evidenceRelative": "0.1",
    "evidenceProof": "4.2",
}  # fmt: skip
ROLLOUT = {
    "state": "Step", "step": 2, "steps": 3, "verdict": "NothingAgainst", "timeToProofSeconds": 240,
    "results": [RESULT],
}  # fmt: skip
REJECTED = [{"revision": "calm-0bad", "reason": "Broken", "message": "30 of 100 bad"}]


def rows(**status: Any) -> dict[str, list[str]]:
    """The rows by their heads."""
    found: dict[str, list[str]] = {}
    for head, text in rollout_rows(a_service(**status)):
        found.setdefault(head, []).append(text)
    return found


def test_a_rollout_is_told_with_its_step_and_when_it_is_proven() -> None:
    told = rows(rollout=ROLLOUT)
    assert told["Rollout"] == ["Step, step 2 of 3"]
    said = {**ROLLOUT, "message": "calm-2bbb takes 25 % of the requests"}
    assert rows(rollout=said)["Rollout"] == ["Step, step 2 of 3: calm-2bbb takes 25 % of the requests"]
    assert told["Verdict"] == ["NothingAgainst, proven in about 4 min"]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (5400, "90 min"), (7200, "2 h"), (360_000, "100 h")],
)
def test_the_time_to_proof_is_told_in_a_unit_for_people(seconds: int, told: str) -> None:
    assert rows(rollout={**ROLLOUT, "timeToProofSeconds": seconds})["Verdict"] == [
        f"NothingAgainst, proven in about {told}"
    ]


def test_of_a_canary_that_is_proven_only_the_time_of_its_steps_is_left() -> None:
    proof = {"objective": "errors", "evidenceProof": "1.03e+03"}
    proven = {**ROLLOUT, "proofNeeded": "20", "timeToProofSeconds": 54, "results": [proof]}
    assert rows(rollout=proven)["Verdict"] == ["NothingAgainst, proven, and through its steps in about 54 s"]
    refused = {"objective": "refused (4xx)", "evidenceProof": "1"}
    assert rows(rollout={**proven, "results": [proof, refused]})["Verdict"][0].startswith(
        "NothingAgainst, proven, "
    )
    unproven = {"objective": "latency", "evidenceProof": "3"}
    assert rows(rollout={**proven, "results": [proof, unproven]})["Verdict"] == [
        "NothingAgainst, proven in about 54 s"
    ]


def test_what_holds_a_rollout_is_told_with_its_figures() -> None:
    held = {**ROLLOUT, "state": "Held", "hold": "SharedIncident", "message": "5 of 100 bad on both sides"}
    assert rows(rollout=held)["Held"] == ["SharedIncident: 5 of 100 bad on both sides"]
    assert rows(rollout=held)["Rollout"] == ["Held, step 2 of 3"]
    long = rows(rollout={**held, "message": "word " * 50})
    assert " ".join([*long["Held"], *long[""]]) == f"SharedIncident: {'word ' * 50}".rstrip(), "the whole"
    del held["message"]
    assert rows(rollout=held)["Held"] == ["SharedIncident"]


def test_what_its_pods_cost_is_told_once() -> None:
    words = "1 canary pod fits beside 2 stable pods: none is ended for room."
    assert rows(rollout={**ROLLOUT, "hosting": words})["Room"] == [words]
    assert "Room" not in rows(rollout={**ROLLOUT, "hosting": words, "message": f"calm-2bbb: {words}"})


def test_each_objective_is_told_with_its_counts_and_its_evidence() -> None:
    head, line = evidence_table(a_service(rollout=ROLLOUT)).splitlines()
    assert head.split("  ")[0] == "OBJECTIVE"
    assert [cell.strip() for cell in line.split("  ") if cell.strip()] == [
        "errors", "NothingAgainst", "1 of 412 bad", "9 of 3790 bad", "0.3", "0.1", "4.2"
    ]  # fmt: skip


def test_what_is_refused_is_told_with_nothing_but_the_comparison() -> None:
    refused = {**RESULT, "objective": "refused (4xx)", "evidenceAbsolute": "2e+257"}
    _, line = evidence_table(a_service(rollout={**ROLLOUT, "results": [refused]})).splitlines()
    assert [cell.strip() for cell in line.split("  ") if cell.strip()] == [
        "refused (4xx)", "NothingAgainst", "1 of 412", "9 of 3790", "0.1"
    ]  # fmt: skip


def test_a_rejected_revision_is_told_with_the_reason() -> None:
    assert rows(rejectedRevisions=REJECTED)["Rejected"] == ["calm-0bad: Broken: 30 of 100 bad"]
    assert rows(rejectedRevisions=[{"revision": "calm-0bad"}])["Rejected"] == ["calm-0bad"]


@pytest.mark.parametrize(
    ("rollout", "verbs"),
    [
        ({"state": "Step"}, ["promote", "abort"]),
        ({"state": "AwaitingApproval"}, ["approve", "promote", "abort"]),
        ({"state": "Held", "hold": "Regression"}, ["approve", "promote", "abort"]),
        ({"state": "Held", "hold": "Unproven"}, ["approve", "promote", "abort"]),
        ({"state": "Held", "hold": "SharedIncident"}, ["promote", "abort"]),
        ({"state": "Promoting"}, ["abort"]),
        ({"state": "Returning"}, []),
        ({"verdict": "NoData"}, ["promote", "abort"]),
        ({}, []),
    ],
)
def test_while_a_canary_is_tried_it_is_told_what_can_be_asked_for(
    rollout: dict[str, str], verbs: list[str]
) -> None:
    assert list(next_steps(a_service(rollout=rollout))) == [(verb, "calm-2bbb") for verb in verbs]


@pytest.mark.parametrize(
    ("rollout", "verbs"),
    [
        ({"state": "Blocked", "hold": "NeedsApproval"}, ["approve", "abort"]),
        ({"state": "Blocked", "hold": "ProofNotReachable"}, ["approve", "abort"]),
        ({"state": "Blocked", "hold": "BudgetBlocked"}, ["abort"]),
        ({"state": "Preflight"}, ["abort"]),
        ({"state": "Preflight", "hold": "PreflightBroken"}, ["approve", "abort"]),
    ],
)
def test_a_canary_without_traffic_is_not_promoted(rollout: dict[str, str], verbs: list[str]) -> None:
    service = a_service(canary={**CANARY, "weight": 0}, rollout=rollout)
    assert [verb for verb, _ in next_steps(service)] == verbs


def test_a_paused_rollout_is_not_promoted() -> None:
    service = a_service(rollout={"state": "Step"})
    service["spec"]["rollout"] = {"state": "Paused"}
    assert [verb for verb, _ in next_steps(service)] == ["abort"]


def test_while_the_resource_breaks_rules_nothing_is_offered_or_foretold_that_does_not_come() -> None:
    refused = {"type": "Stalled", "status": "True", "reason": "InvalidSpec"}
    service = a_service(rollout=ROLLOUT, conditions=[refused])
    assert [verb for verb, _ in next_steps(service)] == ["abort"]
    assert rows(rollout=ROLLOUT, conditions=[refused])["Verdict"] == ["NothingAgainst"]


def test_a_return_can_be_ended() -> None:
    returning = a_service(rollout={"state": "Returning", "revision": "calm-2bbb"})
    assert list(next_steps(returning)) == [("abort", "calm-2bbb")]


def test_who_takes_over_alone_can_be_left_pod_by_pod_before_it_can_be_ended() -> None:
    stable = {**STABLE, "readyReplicas": 0}
    alone = a_service(stable=stable, rollout={"state": "Promoting"})
    assert list(next_steps(alone)) == [("rollback", "calm-1aaa"), ("abort", "calm-2bbb")]


def test_after_a_promotion_it_can_be_taken_back() -> None:
    baking = a_service(canary=None, previous={"revision": "calm-0aaa"}, rollout={"state": "Baking"})
    assert list(next_steps(baking)) == [("rollback", "calm-0aaa")]


@pytest.mark.parametrize("state", ["RolledBack", "Unproven", "Aborted"])
def test_after_a_rejection_it_can_be_tried_again(state: str) -> None:
    told = rows(canary=None, rejectedRevisions=REJECTED, rollout={"state": state})
    assert told["Next"] == ["kubectl paddle_sla retry calm calm-0bad -n prod"]
    several = [*REJECTED, {"revision": "calm-0bbb"}]
    told = rows(canary=None, rejectedRevisions=several, rollout={"state": state})
    assert told["Next"] == ["kubectl paddle_sla retry calm -n prod"], "it lists them"


def test_a_rejected_revision_of_long_ago_is_no_reason_to_retry() -> None:
    assert "Next" not in rows(canary=None, rejectedRevisions=REJECTED, rollout={"state": "Steady"})


@pytest.mark.parametrize(
    ("rollout", "goes_on"),
    [
        ({"state": "Preparing"}, True),
        ({"state": "Held"}, True),
        ({"state": "Baking"}, True),
        ({"state": "Steady"}, False),
        ({"state": "RolledBack"}, False),
        ({"step": 1}, False),
        (None, False),
    ],
)
def test_a_rollout_goes_on_until_it_came_to_an_end(rollout: dict[str, str] | None, goes_on: bool) -> None:
    assert under_way(a_service(rollout=rollout)) is goes_on


def test_the_page_of_a_service_has_all_of_it_above_the_conditions() -> None:
    page = service_page(a_service(rollout=ROLLOUT, rejectedRevisions=REJECTED))
    parts = page.split("\n\n")
    assert "Next      kubectl paddle_sla promote calm calm-2bbb -n prod" in parts[0]
    assert parts[1].startswith("OBJECTIVE")
    assert parts[2].startswith("No condition yet")


@pytest.mark.parametrize("block", [{}, {"rollout": None}, {"rollout": {}}, {"rejectedRevisions": None}])
def test_without_a_rollout_the_page_is_as_it_was(block: dict[str, Any]) -> None:
    assert service_page(a_service(**block)) == service_page(a_service())
    assert rows(**block) == {}
    assert evidence_table(a_service(**block)) == ""


@pytest.mark.parametrize("field", [*ROLLOUT, *RESULT])
def test_any_field_may_be_missing(field: str) -> None:
    result = {key: value for key, value in RESULT.items() if key != field}
    rollout = {key: value for key, value in {**ROLLOUT, "results": [result]}.items() if key != field}
    assert service_page(a_service(rollout=rollout))
