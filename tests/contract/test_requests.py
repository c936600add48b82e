"""What the commands ask for, offer and read is what the rollout takes, accepts and answers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from paddle_operator import names
from paddle_operator.cli.rollout.command import ACCEPTED, REFUSED, answer_in
from paddle_operator.cli.rollout.page import next_steps
from paddle_operator.rollout.request import Verb
from paddle_operator.spec.report import RolloutResult
from paddle_operator.status.rollout import RolloutFacts, rollout_blocks
from tests.operator.cli.rollout.test_page import RESULT
from tests.operator.rollout.story import (
    BROKEN,
    FINE,
    NEW,
    NEWER,
    OLD,
    OUT_OF_REACH,
    SHARED,
    THIN,
    WORSE,
    Story,
    asking,
)

TO_LITTLE = {"budget_left_percent": Fraction(5)}
NOTHING_LEFT = {"budget_left_percent": Fraction(-1)}
BEYOND = {"reach": OUT_OF_REACH}


def wanting(**seen: Any) -> Story:
    """NEW is wanted, and this is seen when it is to begin."""
    story = Story().settled()
    story.wanted, story.ready[NEW] = NEW, 0
    story.look(**seen)
    return story


def looked(story: Story, *verdicts: Any, **more: Any) -> Story:
    for verdict in verdicts:
        story.look(verdict, **more)
    return story


def paused() -> Story:
    story = Story().tried()
    story.rollout = asking(state="Paused")
    return looked(story, FINE)


def returning() -> Story:
    story = Story().promoted()
    story.ready[OLD] = 0
    story.ask("rollback", OLD)
    return story


MANUAL = asking(steps=[{"weight": 5, "approval": "Manual"}, {"weight": 50}])
HOLDING = asking(analysis={"onUnproven": "Hold"})
STORIES: dict[str, tuple[Callable[[], Story], dict[str, Any]]] = {
    "the first revision comes up": (lambda: looked(Story(), None), {}),
    "nothing goes on": (lambda: Story().settled(), {}),
    "little budget is left": (lambda: wanting(**TO_LITTLE), TO_LITTLE),
    "no budget is left": (lambda: wanting(**NOTHING_LEFT), NOTHING_LEFT),
    "proof is out of reach": (lambda: wanting(**BEYOND), BEYOND),
    "pods come up": (wanting, {}),
    "in a step": (lambda: Story().tried(), {}),
    "paused": (paused, {}),
    "a person is waited for": (lambda: looked(Story(MANUAL).tried(), FINE, seconds=120), {}),
    "both are broken": (lambda: looked(Story().tried(), SHARED), {}),
    "worse inside the promise": (lambda: looked(Story().tried(), WORSE), {}),
    "unproven and held": (lambda: looked(Story(HOLDING).tried(), THIN, seconds=1800), {}),
    "unproven": (lambda: looked(Story().tried(), THIN, seconds=1800), {}),
    "rolled back": (lambda: looked(Story().tried(), BROKEN), {}),
    "baking": (lambda: Story().promoted(), {}),
    "returning": (returning, {}),
}


def service_of(story: Story) -> dict[str, Any]:
    """The service as the API server has it, with what the operator writes of the rollout."""
    assert story.last is not None
    course = story.last.course
    stable = {"revision": course.stable, "weight": course.weight(course.stable)} if course.stable else None
    canary = {"revision": course.canary, "weight": course.canary_weight} if course.canary else None
    if not story.last.memory.served:
        stable, canary = None, stable  # as status/revisions.py has it
    blocks = rollout_blocks(RolloutFacts(story.rollout, story.last.memory, story.wanted, FINE), {})
    return {
        "metadata": {"name": "ocr", "namespace": "prod"},
        "spec": {"rollout": story.rollout.model_dump(by_alias=True, mode="json")},
        "status": {
            "stable": stable,
            "canary": canary,
            "previous": {"revision": course.previous} if course.previous else None,
            **blocks,
        },
    }


def accepted(story: Story, seen: dict[str, Any], verb: Verb, revision: str) -> bool:
    """What the rollout answers to somebody who asks."""
    asked = copy.deepcopy(story)
    asked.ask(verb, revision, **seen)
    return asked.answer.startswith("Accepted")


@pytest.mark.parametrize("name", STORIES)
def test_what_the_page_offers_is_accepted(name: str) -> None:
    make, seen = STORIES[name]
    story = make()
    offered = list(next_steps(service_of(story)))
    assert [one for one in offered if not accepted(story, seen, *one)] == []
    for revision in (OLD, NEW, NEWER):
        if accepted(story, seen, Verb.APPROVE, revision):
            assert (Verb.APPROVE, revision) in offered


def test_the_stories_offer_every_verb() -> None:
    offered = {verb for make, _ in STORIES.values() for verb, _ in next_steps(service_of(make()))}
    assert offered == set(Verb)


def test_what_the_page_reads_of_counts_is_what_the_schema_has() -> None:
    assert set(RESULT) == {field.alias for field in RolloutResult.model_fields.values()}


@pytest.mark.parametrize(("revision", "code"), [(NEW, ACCEPTED), (NEWER, REFUSED)])
def test_what_the_rollout_answers_is_what_the_command_reads(revision: str, code: int) -> None:
    story = Story().tried()
    story.ask("promote", revision)
    request = f"promote/{revision}/{story.nonce}"
    answer = answer_in(service_of(story), request)
    assert answer is not None
    assert (answer.code, f"{answer.outcome}: {answer.message}") == (code, story.answer)
    other = f"promote/{revision}/other"
    stands = {**service_of(story), "metadata": {"annotations": {names.ANNOTATION_REQUEST: other}}}
    assert answer_in(stands, other) is None
