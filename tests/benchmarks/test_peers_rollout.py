"""What callers met while a second version was tried, and that all systems roll out the same pods."""

from __future__ import annotations

import json

from benchmarks.peers_rollout.__main__ import SYSTEMS
from benchmarks.peers_rollout.argo import AS_A_STEP, FASTEST, IN_THE_BACKGROUND, Argo
from benchmarks.peers_rollout.callers import Answer, met
from benchmarks.peers_rollout.pods import LABELS, Pods
from paddle_operator.names import ENV_REVISION


def answers(*said: tuple[float, str, str]) -> list[Answer]:
    return [Answer(*each) for each in said]


def test_counted_is_from_the_second_version_s_first_request_to_its_last() -> None:
    found = met(
        answers(
            (0.0, "200", "one"),
            (3.0, "200", "two"),
            (2.0, "500", "two"),  # answered later, asked for earlier
            (4.5, "200", "one"),
            (6.0, "500", "two"),
            (8.0, "200", "one"),
        )
    )
    assert found["seconds_to_rollback"] == 4.0
    assert found["callers_hit"] == 2
    assert found["of_the_second_version"] == 3
    assert found["requests_meanwhile"] == 4
    assert found["failed_otherwise"] == 0


def test_a_failure_that_is_not_the_second_version_s_is_told_apart() -> None:
    found = met(answers((0.0, "200", "one"), (1.0, "ConnectionRefusedError", ""), (2.0, "503", "")))
    assert (found["callers_hit"], found["failed_otherwise"]) == (0, 2)
    assert found["seconds_to_rollback"] == 0.0


def test_the_second_version_is_the_first_one_with_another_image_and_the_fault() -> None:
    container = {"name": "runtime", "image": "one", "env": [{"name": ENV_REVISION, "value": "first"}]}
    spec = {"initContainers": [{"name": "fetch", "image": "one"}], "containers": [container]}
    pods = Pods({"metadata": {"labels": LABELS}, "spec": spec}, {}, "two")
    second = pods.second["spec"]
    assert [one["image"] for one in (*second["initContainers"], *second["containers"])] == ["two", "two"]
    assert second["containers"][0]["env"] == [
        {"name": ENV_REVISION, "value": "second"},
        {"name": "FAULT", "value": "errors:30"},
    ]
    assert container["env"] == [{"name": ENV_REVISION, "value": "first"}]


def test_an_analysis_is_in_the_background_or_among_the_steps() -> None:
    made = [
        Argo("", each)._rollout("here", {})["strategy"]["canary"]
        for each in (IN_THE_BACKGROUND, AS_A_STEP, FASTEST)
    ]
    assert [canary.get("analysis", {}).get("startingStep") for canary in made] == [2, None, None]
    assert ["analysis" in canary for canary in made] == [True, False, True]
    assert made[1]["steps"][-1]["analysis"]["args"] == [{"name": "namespace", "value": "here"}]


def test_what_is_written_down_is_what_was_set() -> None:
    assert len({system.name for system in SYSTEMS}) == len(SYSTEMS)
    for system in SYSTEMS:
        assert json.loads(json.dumps(dict(system.settings))) == dict(system.settings)
