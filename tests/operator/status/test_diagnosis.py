"""From what the kubelet says of pods to one failure with a reason, a pod and an exit code."""

from __future__ import annotations

import json
import re

import pytest

from paddle_operator.reasons import EXIT_CODES, Reason, reference
from paddle_operator.status.diagnosis import ModelState, failure_among, failure_of, last_end, state_of
from paddle_operator.status.facts import ContainerFacts, Exit, PodFacts


def failing(container: str, code: int, message: str = "", reason: str = "Error", **more: bool) -> PodFacts:
    """A pod one of whose containers ended with a code."""
    return PodFacts("p", containers=(ContainerFacts(container, exit=Exit(code, reason, message), **more),))


def said(reason: str, message: str) -> str:
    """The runtime's termination message."""
    return json.dumps({"reason": reason, "message": message})


@pytest.mark.parametrize(
    ("container", "code", "phase", "of_bundle"),
    [
        ("resolve", 10, "resolve failed", True),
        ("resolve-recognition", 10, "resolve failed", True),
        ("fetch", 11, "download failed", False),
        ("fetch", 12, "digest check failed", True),
        ("fetch", 13, "download failed", True),
        ("fetch-detection", 13, "download failed", True),
        ("fetch", 15, "download failed", False),
        ("runtime", 20, "load failed", True),
        ("runtime", 21, "warm-up failed", True),
        ("runtime", 22, "self-test failed", True),
        ("runtime", 23, "load failed", False),
    ],
)
def test_each_step_is_told_apart(container: str, code: int, phase: str, of_bundle: bool) -> None:
    found = failure_of(failing(container, code, said(EXIT_CODES[code], "what, which, what to do")))
    assert found is not None
    assert found.reason == EXIT_CODES[code]
    assert found.exit_code == code
    assert (
        found.message == f"{phase} in pod p, container {container}, exit code {code}: what, which, what to do"
    )
    assert found.of_bundle is of_bundle


def test_the_exit_code_speaks_where_the_message_does_not() -> None:
    found = failure_of(failing("fetch", 14, ""))
    assert found is not None
    assert found.reason is Reason.STORE_UNREACHABLE
    assert "kubectl logs p -c fetch --previous" in found.message


def test_a_message_with_an_unknown_reason_is_not_believed() -> None:
    found = failure_of(failing("fetch", 1, said("Serving", "haha")))
    assert found is not None
    assert found.reason is Reason.CONTAINER_FAILED


def test_plain_text_is_quoted_from_its_end() -> None:
    found = failure_of(failing("runtime", 1, "x" * 5000 + "the last line"))
    assert found is not None
    assert found.message.endswith("the last line")
    assert len(found.message) < 1000


def test_a_container_over_its_memory_limit_is_told_with_the_field_to_raise() -> None:
    found = failure_of(failing("runtime", 137, "", "OOMKilled"))
    assert found is not None
    assert found.reason is Reason.OUT_OF_MEMORY
    assert "runtime.resources.limits.memory" in found.message


@pytest.mark.parametrize("state", [{"running": True}, {}])
def test_a_failure_is_told_until_the_container_is_ready_whatever_it_does_meanwhile(
    state: dict[str, bool],
) -> None:
    message = said("LoadFailed", "no")
    assert failure_of(failing("runtime", 20, message, **state)) == failure_of(failing("runtime", 20, message))


def test_a_container_that_is_well_again_is_no_failure_but_its_end_is_remembered() -> None:
    container = ContainerFacts("runtime", ready=True, running=True, exit=Exit(137, "Error", ""))
    pods = (PodFacts("p", ready=True, containers=(container,)),)
    assert failure_among(pods) is None
    remembered = last_end(pods)
    assert remembered is not None
    assert remembered.exit_code == 137


def test_an_init_container_that_ended_well_is_no_failure() -> None:
    assert failure_of(failing("fetch", 0, "fetched", "Completed")) is None


@pytest.mark.parametrize(
    ("pod", "reason", "words"),
    [
        (PodFacts("p", unschedulable="0/1: Insufficient cpu."), Reason.UNSCHEDULABLE, "Insufficient cpu"),
        (PodFacts("p", stuck='secret "keys" not found'), Reason.POD_CONFIG_INVALID, '"keys" not found'),
        (PodFacts("p", evicted="low on memory"), Reason.POD_EVICTED, "low on memory"),
        (
            PodFacts("p", containers=(ContainerFacts("fetch", waiting_reason="CreateContainerConfigError",
                                                     waiting_message='couldn\'t find key accessKeyId'),)),
            Reason.POD_CONFIG_INVALID,
            "accessKeyId",
        ),
    ],
)  # fmt: skip
def test_troubles_before_the_first_container_are_told(pod: PodFacts, reason: Reason, words: str) -> None:
    found = failure_of(pod)
    assert found is not None
    assert (found.reason, found.pod) == (reason, "p")
    assert words in found.message


def test_an_image_that_cannot_be_pulled_is_told_in_the_same_words_between_two_attempts() -> None:
    cause = "failed to pull: not found"
    attempts = [
        ("ErrImagePull", cause),
        ("ImagePullBackOff", f'Back-off pulling image "x": ErrImagePull: {cause}'),
    ]
    told = {
        failure_of(
            PodFacts("p", containers=(ContainerFacts("runtime", waiting_reason=r, waiting_message=m),))
        )
        for r, m in attempts
    }
    assert len(told) == 1
    assert cause in str(told)


def test_of_many_failures_one_that_waits_for_a_person_is_told_first_then_the_first_by_name() -> None:
    late = PodFacts("a", unschedulable="no room")
    wrong = PodFacts("c", containers=(ContainerFacts("fetch", exit=Exit(12, "Error", "")),))
    wrong_too = PodFacts("b", containers=(ContainerFacts("fetch", exit=Exit(12, "Error", "")),))
    found = failure_among((late, wrong, wrong_too))
    assert found is not None
    assert (found.reason, found.pod) == (Reason.DIGEST_MISMATCH, "b")


@pytest.mark.parametrize(
    ("containers", "state"),
    [
        ((), ModelState.PENDING),
        ((ContainerFacts("fetch", waiting_reason="PodInitializing"),), ModelState.PENDING),
        ((ContainerFacts("fetch", running=True),), ModelState.DOWNLOADING),
        ((ContainerFacts("fetch", exit=Exit(0, "Completed", "")), ContainerFacts("runtime", running=True)),
         ModelState.LOADING),
    ],
)  # fmt: skip
def test_how_far_the_model_has_come(containers: tuple[ContainerFacts, ...], state: ModelState) -> None:
    assert state_of((PodFacts("p", containers=containers),)) is state


def test_every_reason_is_documented_and_a_word_that_kubernetes_takes() -> None:
    for reason in Reason:
        assert re.fullmatch(r"[A-Z][A-Za-z]{0,63}", reason)
        assert reason.meaning.endswith(".")
        assert f"`{reason}`" in reference()
