"""What a preflight came to, from what its Job and its pods say."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_operator.rollout.preflight import PreflightResult, PreflightState
from paddle_operator.status import ContainerFacts, Exit, Facts, JobFacts, PodFacts
from paddle_operator.status.preflight import preflight_of, preflight_result

JOB = "ocr-preflight-0123456789"
RUNNING, PASSED, FAILED, BROKEN = PreflightState
PASS = {"reason": "Passed", "message": "3 requests", "comparisons": 3, "seconds": 0.5}
DIFFERS = {"reason": "AnswersDiffer", "message": "absError is 0.99", "comparisons": 3, "seconds": 0.5}
INVALID = {"reason": "GoldenSetInvalid", "message": "golden.json cannot be read"}
UNREACHABLE = {"reason": "RevisionUnreachable", "message": "no answer"}


def ended(code: int, said: dict[str, Any] | str, name: str = "p", **more: Any) -> PodFacts:
    message = said if isinstance(said, str) else json.dumps(said)
    return PodFacts(
        name,
        job=JOB,
        containers=(ContainerFacts("compare", exit=Exit(code, "Error" if code else "Completed", message)),),
        **more,
    )


def result(*pods: PodFacts, finished: bool = False, stuck: str = "") -> PreflightResult:
    return preflight_result(Facts(pods=pods, jobs=(JobFacts(JOB, "u", finished=finished, stuck=stuck),)), JOB)


def test_before_there_is_a_job_or_an_answer_it_runs() -> None:
    assert preflight_result(Facts(), JOB) == result() == PreflightResult(RUNNING)


def test_what_passed_is_told_with_its_figures() -> None:
    assert result(ended(0, PASS)) == PreflightResult(PASSED, "3 requests", "Passed", 3, 0.5)


def test_answers_that_differ_speak_against_the_revision_with_the_figure() -> None:
    found = result(ended(40, DIFFERS), finished=True)
    assert found == PreflightResult(FAILED, "absError is 0.99", "AnswersDiffer", 3, 0.5)


def test_what_did_not_answer_is_tried_again_while_the_job_is_not_finished() -> None:
    found = result(ended(42, UNREACHABLE))
    assert (found.state, found.why) == (RUNNING, "no answer")


@pytest.mark.parametrize(("code", "said"), [(41, INVALID), (42, UNREACHABLE)])
def test_what_could_not_be_found_out_speaks_against_nobody(code: int, said: dict[str, Any]) -> None:
    found = result(ended(code, said), finished=True)
    assert (found.state, found.why, found.reason) == (BROKEN, said["message"], said["reason"])


@pytest.mark.parametrize(
    ("code", "message", "words"),
    [
        (2, "invalid choice: 'compare'", "its program ended with code 2: invalid choice"),
        (137, "", "its program ended with code 137: Error"),
        (0, "all is well", "its program ended with code 0: all is well"),
        (40, "[]", "its program ended with code 40: []"),
        (40, '{"comparisons": "many"}', "its program ended with code 40"),
    ],
)
def test_a_program_without_our_words_found_nothing_out(code: int, message: str, words: str) -> None:
    found = result(ended(code, message), finished=True)
    assert found.state is BROKEN
    assert words in found.why


def test_an_answer_that_is_gone_says_why_that_may_be() -> None:
    found = result(finished=True)
    assert (found.state, "its answer is gone" in found.why) == (BROKEN, True)


def test_what_is_in_the_way_of_its_pod_is_told() -> None:
    assert result(stuck="exceeded quota").why == f"the pod of Job {JOB} is refused: exceeded quota"
    waiting = PodFacts("p", job=JOB, unschedulable="0/1 nodes are available")
    found = result(waiting)
    assert found.state is RUNNING
    assert "0/1 nodes are available" in found.why


def test_pods_of_another_job_do_not_count() -> None:
    other = PodFacts("p", job="other", containers=ended(40, DIFFERS).containers)
    assert result(other).state is RUNNING


def test_in_whichever_order_pods_are_listed_the_one_that_found_out_counts() -> None:
    pods = (ended(42, UNREACHABLE, "a"), ended(42, UNREACHABLE, "b"), ended(0, PASS, "c"))
    assert {result(*order).state for order in itertools.permutations(pods)} == {PASSED}


def test_of_two_jobs_both_have_to_pass_and_one_that_speaks_against_is_enough() -> None:
    def both(shadow: PodFacts) -> PreflightResult | None:
        pods = (ended(0, PASS), replace(shadow, job="ocr-shadow"))
        jobs = (JobFacts(JOB, "u", finished=True), JobFacts("ocr-shadow", "v", finished=True))
        return preflight_of(Facts(pods=pods, jobs=jobs), (JOB, "ocr-shadow"))

    def state(found: PreflightResult | None) -> PreflightState | None:
        return found.state if found else None

    passed = both(ended(0, {**PASS, "seconds": 9.5}))
    assert passed == PreflightResult(PASSED, "3 requests 3 requests", "Passed", 6, 9.5, (JOB, "ocr-shadow"))
    assert state(both(ended(40, DIFFERS))) is FAILED
    broken = both(ended(43, {"reason": "TooFewCopies", "message": "1 of 5"}))
    assert broken is not None
    assert (broken.state, broken.jobs) == (BROKEN, ("ocr-shadow",)), "the one that is to be asked again"
    assert state(preflight_of(Facts(pods=(ended(0, PASS),)), (JOB, "ocr-shadow"))) is RUNNING


def test_to_be_held_to_nothing_is_no_pass_where_somebody_served() -> None:
    unheld = Facts(pods=(ended(0, {**PASS, "comparisons": 0}),))
    first = preflight_of(unheld, (JOB,))
    assert first is not None
    assert first.state is PASSED, "before the first revision there is nobody to compare with"
    found = preflight_of(unheld, (JOB,), "ocr-1")
    assert found is not None
    assert found.state is BROKEN
    assert "ocr-1 has no pod whose answers they could be held to. Write into it what is expected" in found.why
    held = preflight_of(Facts(pods=(ended(0, PASS),)), (JOB,), "ocr-1")
    assert held is not None
    assert held.state is PASSED, "to what is expected"


def test_where_nothing_is_asked_there_is_no_result() -> None:
    assert preflight_of(Facts(), ()) is None


@given(st.integers(0, 255), st.text(max_size=100), st.booleans())
def test_whatever_a_pod_left_is_read_and_only_our_own_words_reject(
    code: int, message: str, finished: bool
) -> None:
    found = result(ended(code, message), finished=finished)
    assert found.state in {RUNNING, BROKEN}
