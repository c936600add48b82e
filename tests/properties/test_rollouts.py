"""Walks through rollouts: whatever comes in whatever order, some things never happen.

Every look is repeated, and every memory written and read again before the next one (Story.look), so each walk
is one of an operator that is restarted after each look.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from paddle_operator.rollout.advance import Advance, advance
from paddle_operator.rollout.course import Course
from paddle_operator.rollout.hosting.hosting import Hosting
from paddle_operator.rollout.machine import ENDED, TABLE, TRYING, State
from paddle_operator.rollout.memory import Memory
from paddle_operator.rollout.preflight import PreflightResult
from paddle_operator.rollout.situation import Situation
from paddle_operator.rollout.verdict import Finding, Verdict
from paddle_operator.spec.rollout import Rollout, RolloutState, Strategy
from tests.operator.rollout.story import (
    AWAY,
    BROKEN,
    CHECK_BROKEN,
    CHECKED,
    CHECKING,
    DIFFERS,
    PROVEN,
    Story,
)
from tests.properties.rollouts import (
    HOSTINGS,
    NAMES,
    OFTEN_NOTHING,
    SETTINGS,
    VERDICTS,
    WAITING,
    after_a_wait,
    gains_nothing,
    paused,
    unseen,
)


class Walk(RuleBasedStateMachine):
    """A service to which everything happens that can."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story(wanted=NAMES[0])
        self.before: Memory | None = None
        self.course = Course(None)
        self.earlier = self.course
        self.verdict: Verdict | None = None
        self.vouched = self.vouched_then = False
        self.asked = ""
        self.hosting: Hosting | None = None
        self.rejected: set[str] = set()

    @initialize(rollout=SETTINGS)
    def begins(self, rollout: Rollout) -> None:
        self.story.rollout = rollout
        self.story.ready = {NAMES[0]: 4}
        self.look()

    def look(self, verdict: Verdict | None = None, seconds: int = 15, **more: Any) -> None:
        story = self.story
        self.before, self.earlier = story.memory, self.course
        self.asked, self.hosting = more.get("asked", ""), more.get("hosting")
        self.verdict = None if more.get("missing") else verdict
        self.course = story.look(verdict, seconds=seconds, **more)
        forgiven = {self.asked.split("/")[1]} if self.asked.startswith("retry/") else set()
        self.rejected = self.rejected - forgiven | {one.revision for one in self.memory.rejected}
        self.vouched_then = self.vouched
        if self.before is None or self.before.state is not State.AWAITING_APPROVAL:
            self.vouched = self.verdict is not None and self.verdict.proven

    @precondition(lambda self: self.memory.attempt is None)
    @rule(wanted=st.sampled_from(NAMES), hosting=HOSTINGS)
    def another_wish(self, wanted: str, hosting: Hosting | None) -> None:
        self.story.wanted = wanted
        self.look(hosting=hosting)

    @precondition(lambda self: self.memory.attempt is not None)
    @rule(hosting=HOSTINGS, verdict=st.one_of(st.none(), VERDICTS))
    def room_is_looked_for(self, hosting: Hosting | None, verdict: Verdict | None) -> None:
        self.look(verdict, hosting=hosting)

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

    @precondition(lambda self: self.memory.attempt is not None)
    @rule(verdict=st.one_of(st.none(), VERDICTS), looks=st.integers(1, 6))
    def counts_stay_away(self, verdict: Verdict | None, looks: int) -> None:
        for _ in range(looks):
            self.look(verdict, missing=AWAY)

    @precondition(lambda self: self.memory.state is State.BAKING)
    @rule(verdict=VERDICTS, pods=st.integers(0, 4))
    def the_budget_burns(self, verdict: Verdict, pods: int) -> None:
        self.story.ready[self.memory.previous or ""] = pods
        self.look(verdict, fast_burn=True)

    @precondition(lambda self: self.memory.attempt is not None)
    @rule(proven=st.booleans())
    def all_is_well(self, proven: bool) -> None:
        self.let_pods_be_ready()
        self.look(Verdict(Finding.NOTHING_AGAINST, step_passes=True, proven=proven), 120)

    @precondition(lambda self: self.memory.attempt is not None)
    @rule()
    def pods_become_ready(self) -> None:
        self.let_pods_be_ready()
        self.look()

    @precondition(lambda self: self.memory.state in {State.PREPARING, State.PREFLIGHT})
    @rule(found=st.sampled_from([CHECKING, CHECKED, DIFFERS, CHECK_BROKEN]))
    def the_preflight_says(self, found: PreflightResult) -> None:
        self.let_pods_be_ready()
        self.look(preflight=found)

    @rule(state=st.sampled_from(RolloutState))
    def it_is_paused_or_goes_on(self, state: RolloutState) -> None:
        self.story.rollout = self.story.rollout.model_copy(update={"state": state})
        self.look()

    def let_pods_be_ready(self) -> None:
        self.story.ready[self.course.stable or ""] = 0 if self.course.recreates else 4
        if self.course.canary:
            self.story.ready[self.course.canary] = self.course.canary_replicas

    def teardown(self) -> None:
        """Every state is left: once a spec is accepted, counts are read and a person answers, it ends."""
        if self.story.memory is None:
            return
        story, attempt = self.story, self.memory.attempt
        story.wanted = story.wanted or (attempt.canary if attempt else self.memory.stable)
        story.rollout = story.rollout.model_copy(update={"state": RolloutState.RUNNING})
        for _ in range(60):
            if self.memory.state in {State.STEADY, *ENDED}:
                return
            self.let_pods_be_ready()
            waits = self.memory.state is State.AWAITING_APPROVAL or self.memory.hold in WAITING
            story.nonce += waits
            tried = self.memory.attempt.canary if self.memory.attempt else ""
            asked = f"approve/{tried}/{story.nonce}" if waits else ""
            self.look(PROVEN, 120, preflight=CHECKED, asked=asked)
        raise AssertionError(f"it never ends: {self.memory}")

    def if_then(self, verdict: Verdict | None, ready: int) -> Advance:
        """What one more look would come to, with so many pods of every revision."""
        pods = {name: ready for name in (self.course.canary, self.course.stable, *NAMES) if name}
        seen = Situation(self.story.wanted, self.course, pods, 4, verdict=verdict, preflight=CHECKED)
        return advance(self.memory, self.story.rollout, seen, self.story.now + timedelta(hours=9))

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

    @rule()
    def the_memory_is_lost(self) -> None:
        """As after a backup: what lives goes on, and no weight moves."""
        lives, self.story.memory = self.course, None
        self.look()
        assert self.course == lives

    @property
    def memory(self) -> Memory:
        assert self.story.memory is not None
        return self.story.memory

    @invariant()
    def weights_sum_to_a_hundred(self) -> None:
        """What a route makes of any course: test_courses.py."""
        assert 0 <= self.course.canary_weight <= 100
        assert self.course.canary or not self.course.canary_weight
        assert self.course.stable != self.course.canary or self.course.stable is None

    @invariant()
    def a_canary_has_an_endpoint_for_its_weight(self) -> None:
        if self.course.canary_weight and self.course.canary:
            assert self.story.ready.get(self.course.canary, 0) > 0

    @invariant()
    def a_rejected_revision_takes_no_traffic(self) -> None:
        assert self.rejected <= set(self.course.rejected), "only a person's retry ends that"
        for name in self.rejected:
            assert self.course.canary != name
            serves_on = self.course.stable == name and self.earlier.stable == name
            assert self.course.stable != name or serves_on

    @invariant()
    def nothing_is_promoted_without_proof_or_a_persons_word(self) -> None:
        before, now = self.before, self.memory
        canary = now.attempt.canary if now.attempt else now.stable
        attempt = before.attempt if before else None
        promoted = self.memory.state is State.PROMOTING or (before and self.memory.stable != before.stable)
        if before is None or attempt is None or attempt.canary != canary or not promoted:
            return
        waits = before.state is State.BLOCKED and not attempt.approved
        strategy = self.story.rollout.strategy if waits else attempt.strategy
        if before.state in {State.PROMOTING, State.RETURNING} or strategy is not Strategy.CANARY:
            return
        seen = self.verdict is not None and self.verdict.proven
        waited = before.state is State.AWAITING_APPROVAL and self.vouched_then
        assert seen or waited or attempt.ordered or self.asked.startswith("promote/")

    @invariant()
    def nobody_else_takes_over_in_one_look(self) -> None:
        before, stable = self.before, self.memory.stable
        if before is None or not before.served or stable == before.stable:
            return
        known = before.attempt is not None and before.attempt.canary == stable
        at_once = self.story.rollout.strategy is not Strategy.CANARY
        assert known or at_once or self.asked.startswith("rollback/") or stable == before.previous

    @invariant()
    def whatever_speaks_for_it_no_canary_gains_while_paused(self) -> None:
        if self.memory.state is not State.RETURNING and self.memory.attempt is not None:
            for then, pods in paused(self.memory, self.story, self.course):
                assert then.memory.stable == self.memory.stable
                gains_nothing(self.memory, then.memory, self.course, then.course, pods)

    @invariant()
    def a_newer_spec_takes_nobody_away_who_alone_serves_again(self) -> None:
        memory, returns = self.memory, self.memory.state is State.RETURNING
        target = (memory.attempt.canary if memory.attempt and returns else memory.previous) or ""
        seen = Situation("ocr-newer", self.course, {memory.stable or "": 0, target: 1}, 4)
        then = advance(memory, self.story.rollout, seen, self.story.now)
        assert not target or then.course.weight(target) == 100

    @invariant()
    def a_newer_spec_wins_at_once(self) -> None:
        wanted, self.story.wanted = self.story.wanted, "ocr-newer"
        then = self.if_then(PROVEN, 4)  # with all the pods that a return waits for
        self.story.wanted = wanted
        assert "ocr-newer" in {then.course.canary, then.course.stable} or then.memory.state is State.BLOCKED
        assert then.course.canary in {"ocr-newer", None}

    @invariant()
    def without_any_pod_no_canary_takes_traffic(self) -> None:
        assert self.if_then(PROVEN, 0).course.canary_weight == 0

    @invariant()
    def found_broken_no_canary_keeps_its_traffic(self) -> None:
        then = self.if_then(BROKEN, 4)
        if self.memory.state in TRYING and self.memory.attempt and self.memory.attempt.weight:
            assert then.course.canary is None

    @invariant()
    def a_canary_whom_nobody_sees_is_held_within_two_minutes(self) -> None:
        """Or ended, or it waits for a person; and it has gained nothing meanwhile."""
        attempt = self.memory.attempt
        shares = attempt is not None and attempt.weight and self.memory.state in TRYING
        if attempt is None or not shares or attempt.ordered:
            return
        memory = unseen(self.memory, self.story, self.course)
        assert memory.state in {State.HELD, State.AWAITING_APPROVAL, State.STEADY, State.BLOCKED, *ENDED}
        assert memory.attempt is None or memory.attempt.weight <= attempt.weight

    @invariant()
    def paused_no_canary_gains(self) -> None:
        before = self.before
        if self.story.rollout.state is not RolloutState.PAUSED or self.asked or before is None:
            return
        if before.attempt is None or before.state is State.RETURNING:
            return
        assert self.memory.stable == before.stable
        gains_nothing(before, self.memory, self.earlier, self.course, self.story.ready)

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
        assert self.course.stable is not None
        assert not self.course.recreates or self.memory.state in TRYING

    @invariant()
    def no_pod_is_ended_before_people_could_read_what_that_costs(self) -> None:
        begun = self.memory.state is State.RETURNING or self.story.ready.get(self.course.canary or "", 0)
        if self.hosting is not None and not self.hosting.said and not begun:
            assert self.course.ends == ()
            assert not self.course.recreates

    @invariant()
    def nobody_waits_without_end_for_a_canary_for_which_pods_made_room(self) -> None:
        for then in after_a_wait(self.memory, self.story, self.course):
            assert then.course.canary is None or then.course.canary_weight == 100

    @invariant()
    def it_is_bounded(self) -> None:
        assert len(self.course.history) <= self.story.rollout.revision_history_limit


# a walk that fails is told as it was found: to shorten it takes minutes
Walk.TestCase.settings = settings(
    stateful_step_count=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    max_examples=100,
)
TestWalks = Walk.TestCase
