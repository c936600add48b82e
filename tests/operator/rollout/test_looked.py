"""One look as the gate judges it, and as a status, an Event and a log carry it."""

from __future__ import annotations

import json
from dataclasses import replace

from paddle_operator.rollout.gate.counts import Counts
from paddle_operator.rollout.gate.judge import Pair
from paddle_operator.rollout.looks.looked import MOST_UNSEEN, Asked, Looked
from paddle_operator.rollout.looks.looking import Revisions
from paddle_operator.rollout.looks.remembered import Remembered
from paddle_operator.sla.answer import Failed, NoData, Stale, Value
from paddle_operator.sla.unknown import Cause, Unknown
from paddle_operator.spec.report import CountedAt
from tests.operator.sla.counters import at, span

KNOWN = Pair(Counts(40, 2), Counts(760, 3))
LOOKED = Looked(
    at(0),
    Revisions("new", "old"),
    {
        "errors": Value(KNOWN),
        "fast": NoData("no boundary"),
        "up": Stale(at(-60), "too old"),
        "other": Failed("refused"),
    },
    (Asked(CountedAt.RUNTIME, "up", "up[15001ms] @ 1780315200.000", "new good 38 bad 2"),),
    (Unknown(span(-37.5, 0), Cause.END, "new-1"),) * (MOST_UNSEEN + 2),
    {"new": 7},
    Remembered(at(0), {}),
)


def test_the_gate_is_told_values_alone() -> None:
    look = LOOKED.look(1)
    assert look.objectives == {"errors": KNOWN}
    assert look.step == 1


def test_counts_that_are_missing_are_told_by_what_became_of_the_question() -> None:
    counts = {**LOOKED.counts, "slow": NoData("no boundary")}
    told = replace(LOOKED, counts=counts).missing
    assert told == "fast, slow: NoData: no boundary; up: Stale: too old; other: Failed: refused"
    assert replace(LOOKED, counts={"errors": Value(KNOWN)}).missing == ""


def test_what_is_written_down_has_counts_or_null_and_says_why() -> None:
    document = json.loads(json.dumps(LOOKED.document()))
    assert document["objectives"] == {
        "errors": {"canary": [40, 2], "stable": [760, 3]},
        "fast": None,
        "up": None,
        "other": None,
    }
    assert document["look"]["why"] == {
        "fast": "NoData: no boundary",
        "up": "Stale: too old",
        "other": "Failed: refused",
    }


def test_what_is_written_down_has_the_question_and_where_the_counters_stood() -> None:
    assert LOOKED.document()["look"]["asked"] == [
        {"at": "Runtime", "query": "up[15001ms] @ 1780315200.000", "answer": "new good 38 bad 2"}
    ]


def test_what_nobody_saw_is_told_and_stays_small() -> None:
    document = LOOKED.document()["look"]
    assert document["unseen"] == ["End new-1 2026-06-01T11:59:22Z 37.5s"] * MOST_UNSEEN
    assert document["unseenStretches"] == MOST_UNSEEN + 2
    assert document["early"] == {"new": 7}
