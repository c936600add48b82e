"""Recorded counts are judged as they were when they came in, and what cannot be read is named."""

from __future__ import annotations

import json
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from paddle_operator.rollout.gate.judge import Look, Memory, Pair, judge
from paddle_operator.rollout.gate.proof import Reach
from paddle_operator.rollout.gate.settings import REFUSED
from paddle_operator.rollout.weighing import present_step
from paddle_operator.simulation.driver import Action, after, begun, look
from paddle_operator.simulation.own import ROLLOUT, gate_of
from paddle_operator.simulation.recorded import LineInvalid, replayed
from paddle_operator.simulation.world import SCENARIOS, World

GATE = gate_of(Fraction(1, 100))


def line(seconds: float, weight: int, **objectives: Any) -> str:
    return json.dumps({"t": seconds, "step_weight": weight, "objectives": objectives})


def counts(pair: Pair) -> Any:
    sides = {"canary": pair.canary, "stable": pair.stable}
    return {name: [one.requests, one.bad] if one else None for name, one in sides.items()}


@pytest.mark.parametrize("scenario", ["healthy", "broken", "shared", "late"])
def test_a_replay_says_what_was_said_when_it_happened(scenario: str) -> None:
    world = World(SCENARIOS[scenario], 20, Fraction(1, 100), Random(scenario))
    known, made = Memory(), begun(ROLLOUT, Reach((5, 25, 50), 360, fits=True))
    lines, said = [], []
    for _ in range(200):
        weight, step = made.course.canary_weight, present_step(ROLLOUT, made.memory.attempt)
        counted = world.pass_time(15, weight)
        lines.append(line(world.seconds, weight, **{name: counts(one) for name, one in counted.items()}))
        known, verdict = judge(GATE, known, Look(step, counted))
        made, action = look(made.memory, ROLLOUT, verdict, after(world.seconds))
        said.append((verdict.finding, action, [one.absolute for one in verdict.objectives]))
        if action in {Action.ROLL_BACK, Action.PROMOTE}:
            break
    again = list(replayed(GATE, ROLLOUT, lines))
    assert [
        (one["finding"], one["action"], [each["absolute"] for each in one["objectives"]]) for one in again
    ] == said
    assert again[-1]["action"] in {"RollBack", "Promote"}


def test_a_line_has_what_was_refused_beside_the_objectives() -> None:
    both = {"canary": [0, 0], "stable": [285, 0]}
    refused = {"canary": [15, 15], "stable": [285, 0]}
    (found,) = replayed(GATE, ROLLOUT, [line(15, 5, errors=both, latency=both, **{REFUSED: refused})])
    assert (found["finding"], found["action"]) == ("Broken", "RollBack")
    assert found["objectives"][-1]["name"] == REFUSED


def test_a_line_says_that_the_stable_revision_was_not_there() -> None:
    bad = {"canary": [300, 90], "stable": [0, 0]}
    both = {"canary": [300, 0], "stable": [300, 0]}
    lines = [line(15, 50, errors=both, latency=both), line(30, 50, errors=bad, latency=bad)]
    (*_, held) = replayed(GATE, ROLLOUT, lines)
    lines[-1] = json.dumps({**json.loads(lines[-1]), "alone": True})
    (*_, alone) = replayed(GATE, ROLLOUT, lines)
    assert (held["finding"], alone["finding"]) == ("SharedIncident", "Broken")


def test_a_line_carries_its_evidence_and_what_it_is_held_against() -> None:
    broken = {"canary": [15, 5], "stable": [285, 1]}
    (said,) = replayed(GATE, ROLLOUT, [line(15, 5, errors=broken, latency=broken)])
    assert said["thresholds"] == {"against": 200, "proof": 20}
    assert said["step"] == 1
    evidence = said["objectives"][0]
    assert (evidence["name"], evidence["canary"], evidence["stable"]) == ("errors", [15, 5], [285, 1])
    assert evidence["absolute"] > 200 < evidence["relative"]
    assert json.loads(json.dumps(said, allow_nan=False)) == said


def test_what_is_not_known_is_held_and_the_clock_stands_still() -> None:
    fine = {"canary": [15, 0], "stable": [285, 1]}
    lines = [
        line(15, 5, errors=fine, latency=fine),
        line(30, 5, errors=fine, latency=None),
        line(45, 5, errors={"canary": None, "stable": [285, 1]}, latency=fine),
        "",
        line(75, 5, errors=fine, latency=fine),
    ]
    said = list(replayed(GATE, ROLLOUT, lines))
    assert [one["action"] for one in said] == ["Wait", "Hold", "Hold", "Wait"]
    assert [one["stepSeconds"] for one in said] == [15, 15, 15, 45]


def test_a_weight_between_two_steps_is_that_of_the_first_one_raised() -> None:
    nothing: dict[str, Any] = {}
    lines = [line(15 * (n + 1), weight, **nothing) for n, weight in enumerate((0, 5, 14, 25, 50, 100))]
    assert [one["step"] for one in replayed(GATE, ROLLOUT, lines)] == [1, 1, 1, 2, 3, 3]


def test_a_line_may_name_its_step_where_the_weight_is_also_another_ones() -> None:
    raised = json.dumps({**json.loads(line(15, 50)), "step": 1, "look": {"finding": "Broken"}})
    gone = json.dumps({**json.loads(line(30, 50)), "step": 9})
    assert [one["step"] for one in replayed(GATE, ROLLOUT, [raised, gone])] == [1, len(ROLLOUT.steps)]


def test_a_line_that_begins_anew_knows_nothing_of_those_before() -> None:
    broken = {"canary": [15, 5], "stable": [285, 1]}
    fine = {"canary": [15, 0], "stable": [285, 1]}
    before, after = line(15, 5, errors=broken, latency=broken), line(30, 5, errors=fine, latency=fine)
    anew = json.dumps({**json.loads(after), "anew": True})
    (*_, kept) = replayed(GATE, ROLLOUT, [before, after])
    (*_, lost) = replayed(GATE, ROLLOUT, [before, anew])
    assert (kept["finding"], lost["finding"]) == ("Broken", "NothingAgainst")
    assert lost["objectives"][0]["canary"] == [15, 0]


def test_evidence_may_begin_anew_within_a_second() -> None:
    """As at the look at which a share begins."""
    fine = {"canary": [15, 0], "stable": [285, 1]}
    first = line(15.25, 5, errors=fine, latency=fine)
    anew = json.dumps({**json.loads(line(15.5, 5, errors=fine, latency=fine)), "anew": True})
    assert [one["t"] for one in replayed(GATE, ROLLOUT, [first, anew])] == [15.25, 15.5]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "line 2: not JSON"),
        ("[]", 'line 2: it must be {"t": SECONDS'),
        ('{"t": 30, "step_weight": 5}', "it has no 'objectives': it must be"),
        (
            '{"t": 30, "step_weight": 5, "objectives": {}, "paused": true}',
            "it may not have 'paused': it must",
        ),
        ('{"t": 30, "t": 45, "step_weight": 5, "objectives": {}}', "'t' is there twice: each name once"),
        ('{"t": ' + "9" * 5000 + ', "step_weight": 5, "objectives": {}}', "9+... is too large a number"),
        ("[" * 100_000, "it is nested too deeply"),
        (line(30, 5, errors=[1, 2]), "line 2: objective errors must have canary and stable"),
        (line(30, 5, errors={"canary": [1, 2], "stable": None}), "objective errors: 2 bad of 1 requests"),
        (
            line(30, 5, errors={"canary": [-1, 0], "stable": None}),
            "must be a whole number, 0 or more, and is -1",
        ),
        (line(30, 5, errors={"canary": [1.5, 0], "stable": None}), "is 1.5"),
        (
            line(30, 5, errors={"canary": [1], "stable": None}),
            r"must be \[REQUESTS, BAD\] or null, are \[1\]",
        ),
        (line(30, 5, other=None), "line 2: other: no such objective is promised, only errors, latency"),
        (line(15, 5), "line 2: t is 15 after 15: it must grow"),
        (line(14.75, 5), "line 2: t is 14.75 after 15: it must grow from line to line; sort them"),
        (line(30, 101), "step_weight must be a whole percentage from 0 to 100, is 101"),
        (line(30, "5"), "step_weight must be"),  # type: ignore[arg-type]
        ('{"t": true, "step_weight": 5, "objectives": {}}', "t must be seconds, is True"),
        ('{"t": NaN, "step_weight": 5, "objectives": {}}', "NaN is no number: write null"),
        ('{"t": 1e999, "step_weight": 5, "objectives": {}}', "t must be seconds, is inf"),
        ('{"t": 30, "step_weight": 5, "objectives": []}', "objectives must be an object by name"),
        ('{"t": 30, "step_weight": 5, "objectives": {}, "alone": 1}', "alone must be true or false, is 1"),
        ('{"t": 30, "step_weight": 5, "objectives": {}, "anew": 1}', "anew must be true or false, is 1"),
        (
            '{"t": 30, "step_weight": 5, "objectives": {}, "step": 0}',
            "step must be a whole number, 1 or more",
        ),
        ("[" * 100_000, "line 2"),
    ],
)
def test_a_line_that_cannot_be_is_named_with_what_to_do(text: str, says: str) -> None:
    with pytest.raises(LineInvalid, match=says):
        list(replayed(GATE, ROLLOUT, [line(15, 5), text]))
