"""Walks through rollouts: whatever comes in whatever order, some things never happen.

Every look is repeated, and every memory written and read again before the next one (Story.look), so each walk
is one of an operator that is restarted after each look.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from paddle_operator.rollout.course import Course
from paddle_operator.rollout.machine import TABLE, TRYING, State
from paddle_operator.rollout.memory import Memory
from paddle_operator.rollout.situation import Check, Prospect
from paddle_operator.rollout.verdict import Finding, Verdict
from paddle_operator.spec.rollout import Rollout, RolloutState, Strategy
from tests.operator.rollout.story import Story, asking

NAMES = [f"ocr-{letter}" for letter in "abcd"]
VERDICTS = st.builds(Verdict, st.sampled_from(Finding), step_passes=st.booleans(), proven=st.booleans())
SETTINGS = st.builds(
    asking,
    strategy=st.sampled_from(["Canary", "Canary", "BlueGreen", "Recreate"]),
    steps=st.sampled_from(
        [
            [{"weight": 5}, {"weight": 50, "minDurationSeconds": 0}],
            [{"weight": 20, "approval": "Manual", "minDurationSeconds": 0}],
            [{"weight": weight, "minDurationSeconds": 0} for weight in (1, 2, 3, 90)],
        ]
    ),
    analysis=st.fixed_dictionaries(
        {
            "onRegressionWithinSLA": st.sampled_from(["Hold", "Rollback", "Ignore"]),
            "onUnproven": st.sampled_from(["Hold", "Rollback"]),
            "onMetricsUnavailable": st.sampled_from(["Hold", "Rollback"]),
        }
    ),
    bake=st.sampled_from([{"durationMinutes": 0}, {"durationMinutes": 5}, {"keepPrevious": "None"}]),
    revisionHistoryLimit=st.integers(0, 3),
)
OFTEN_NOTHING = {
    "check": st.sampled_from([Check.NOT_ASKED] * 3 + [*Check]),
    "hostable": st.sampled_from([None, None, None, 0, 1, 4]),
    "prospect": st.sampled_from(
        [None, None, Prospect(reachable=True, first_weight=30), Prospect(reachable=False)]
    ),
    "budget_left_percent": st.sampled_from([None, None, Fraction(-1), Fraction(5)]),
    "spent_percent": st.sampled_from([None, None, None, None, Fraction(11)]),
    "fast_burn": st.booleans(),
    "metrics": st.sampled_from([True, True, True, False]),
}


class Walk(RuleBasedStateMachine):
    """A service to which everything happens that can."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story(wanted=NAMES[0])
        self.before: Memory | None = None
        self.course = Course(None)
        self.earlier = self.course
        self.proven: set[str] = set()
        self.retried: set[str] = set()
        self.asked = ""

    @initialize(rollout=SETTINGS)
    def begins(self, rollout: Rollout) -> None:
        self.story.rollout = rollout
        self.story.ready = {NAMES[0]: 4}
        self.look()

    def look(self, verdict: Verdict | None = None, seconds: int = 15, **more: Any) -> None:
        story = self.story
        self.before, self.earlier = story.memory, self.course
        self.asked = more.get("asked", "")
        attempt = story.memory.attempt if story.memory else None
        if attempt and verdict and verdict.proven and more.get("metrics", True):
            self.proven.add(attempt.canary)
        self.course = story.look(verdict, seconds=seconds, **more)

    @precondition(lambda self: self.memory.attempt is None)
    @rule(wanted=st.sampled_from(NAMES))
    def another_wish(self, wanted: str) -> None:
        self.story.wanted = wanted
        self.look()

    @precondition(lambda self: self.memory.attempt is not None)
    @rule(wanted=st.sampled_from([None, "stable", "previous"]))
    def a_wish_in_between(self, wanted: str | None) -> None:
        names = {"stable": self.memory.stable, "previous": self.memory.previous}
        self.story.wanted = names.get(wanted or "")
        self.look()

    @precondition(lambda self: self.memory.state is not State.STEADY)
    @rule(
        verdict=st.one_of(st.none(), VERDICTS),
        seconds=st.sampled_from([0, 15, 15, 600, 2000]),
        more=st.fixed_dictionaries({}, optional=OFTEN_NOTHING),
    )
    def anything(self, verdict: Verdict | None, seconds: int, more: dict[str, Any]) -> None:
        self.look(verdict, seconds, **more)

    @precondition(lambda self: self.memory.attempt is not None)
    @rule(verdict=VERDICTS, seconds=st.sampled_from([15, 60, 2000]))
    def the_gate_says(self, verdict: Verdict, seconds: int) -> None:
        self.look(verdict, seconds)

    @precondition(lambda self: self.memory.state is State.BAKING)
    @rule(verdict=VERDICTS, pods=st.integers(0, 4))
    def the_budget_burns(self, verdict: Verdict, pods: int) -> None:
        self.story.ready[self.memory.previous or ""] = pods
        self.look(verdict, fast_burn=True)

    @precondition(lambda self: self.memory.attempt is not None)
    @rule(proven=st.booleans())
    def all_is_well(self, proven: bool) -> None:
        self.look(Verdict(Finding.NOTHING_AGAINST, step_passes=True, proven=proven), 120)

    @precondition(lambda self: self.memory.attempt is not None)
    @rule()
    def pods_become_ready(self) -> None:
        for name, pods in ((self.course.canary, self.course.canary_replicas), (self.course.stable, 4)):
            if name:
                self.story.ready[name] = pods
        self.look()

    @precondition(lambda self: self.memory.state is not State.STEADY)
    @rule(name=st.sampled_from(NAMES), pods=st.integers(0, 4))
    def pods_come_and_go(self, name: str, pods: int) -> None:
        self.story.ready[name] = pods
        self.look()

    @rule(
        verb=st.sampled_from(["promote", "abort", "approve", "retry", "rollback"]), choice=st.integers(0, 9)
    )
    def a_person_asks(self, verb: str, choice: int) -> None:
        canary, returns = self.course.canary or NAMES[1], (self.course.previous, *self.course.history)
        kept = [one for one in returns if one] if verb == "rollback" else [*self.course.rejected]
        likely = [*kept, NAMES[2]] if verb in {"rollback", "retry"} else [canary, canary, NAMES[3]]
        self.story.nonce += 1
        self.look(asked=f"{verb}/{likely[choice % len(likely)]}/{self.story.nonce}")

    @precondition(lambda self: self.memory.attempt is not None)
    @rule(rollout=SETTINGS)
    def other_settings(self, rollout: Rollout) -> None:
        self.story.rollout = rollout
        self.look()

    @precondition(lambda self: self.memory.state is not State.STEADY)
    @rule(state=st.sampled_from(RolloutState))
    def pause_or_go_on(self, state: RolloutState) -> None:
        self.story.rollout = self.story.rollout.model_copy(update={"state": state})
        self.look()

    @precondition(lambda self: self.memory.attempt is not None)
    @rule()
    def a_newer_wish_wins_at_once(self) -> None:
        canary = self.memory.attempt and self.memory.attempt.canary
        self.story.wanted = f"ocr-new-{self.story.nonce}"
        self.story.nonce += 1
        self.look()
        assert self.memory.attempt is None or self.memory.attempt.canary == self.story.wanted
        assert canary is None or self.course.weight(canary) == 0

    @property
    def memory(self) -> Memory:
        assert self.story.memory is not None
        return self.story.memory

    @invariant()
    def weights_sum_to_a_hundred(self) -> None:
        known = {self.course.stable, self.course.canary}
        assert 0 <= self.course.canary_weight <= 100
        assert self.course.canary or not self.course.canary_weight
        assert self.course.stable != self.course.canary or self.course.stable is None
        assert sum(self.course.weight(one) for one in known if one) in (
            {100} if self.course.stable else {0, 100}
        )

    @invariant()
    def a_canary_has_an_endpoint_for_its_weight(self) -> None:
        if self.course.canary_weight and self.course.canary:
            assert self.story.ready.get(self.course.canary, 0) > 0

    @invariant()
    def a_rejected_revision_takes_no_traffic(self) -> None:
        for name in self.course.rejected:
            assert self.course.canary != name
            assert name not in {self.course.previous, *self.course.history} or name != self.course.stable
            serves_on = self.course.stable == name and self.earlier.stable == name
            assert self.course.stable != name or serves_on

    @invariant()
    def nothing_is_promoted_without_proof_or_a_persons_word(self) -> None:
        before, stable = self.before, self.memory.stable
        if before is None or not before.served or stable == before.stable or before.state is State.RETURNING:
            return
        if before.attempt is None or before.attempt.canary != stable:
            assert (
                self.asked.startswith("rollback/")
                or self.story.rollout.strategy is not Strategy.CANARY
                or (stable == before.previous)
            )
        elif before.attempt.strategy is Strategy.CANARY:
            assert stable in self.proven or before.attempt.ordered or self.asked.startswith("promote/")

    @invariant()
    def paused_no_canary_gains(self) -> None:
        before = self.before
        if self.story.rollout.state is not RolloutState.PAUSED or self.asked or self.memory.attempt is None:
            return
        if self.memory.state is State.RETURNING or before is None or before.attempt is None:
            return
        was = before.attempt.weight if before.attempt.canary == self.memory.attempt.canary else 0
        assert self.memory.attempt.weight <= was
        assert self.memory.stable == before.stable

    @invariant()
    def steps_follow_the_table(self) -> None:
        if self.before is not None and self.memory.state is not self.before.state:
            reached, found = {self.before.state}, {self.before.state}
            while found:
                found = {to for (at, _), to in TABLE.items() if at in found} - reached
                reached |= found
            assert self.memory.state in reached
            assert self.memory.since == self.story.now

    @invariant()
    def somebody_serves(self) -> None:
        if self.course.stable is None:
            assert self.memory.state in TRYING

    @invariant()
    def it_is_bounded(self) -> None:
        assert (
            len(self.course.history) <= self.story.rollout.revision_history_limit + 1 or self.before is None
        )


# a walk that fails is told as it was found: to shorten it takes minutes
Walk.TestCase.settings = settings(
    stateful_step_count=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    max_examples=60,
)
TestWalks = Walk.TestCase
