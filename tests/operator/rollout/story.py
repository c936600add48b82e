"""A rollout told look by look. After each look the memory is written and read again, as after a restart."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from paddle_operator.rollout.advance import Advance, advance
from paddle_operator.rollout.course import Course
from paddle_operator.rollout.gate.proof import Reach
from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Cause, Hold, Memory, memory_from, text_of
from paddle_operator.rollout.preflight import PreflightResult, PreflightState
from paddle_operator.rollout.situation import Situation
from paddle_operator.rollout.verdict import Finding, Verdict
from paddle_operator.spec.rollout import Rollout

START = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
OLD, NEW, NEWER = "ocr-aaaaaaaaaa", "ocr-bbbbbbbbbb", "ocr-cccccccccc"

FINE = Verdict(Finding.NOTHING_AGAINST, step_passes=True, proven=False)
PROVEN = replace(FINE, proven=True)
THIN = replace(FINE, step_passes=False)
SILENT = Verdict(Finding.NO_DATA, step_passes=False, proven=False)
BROKEN = Verdict(Finding.BROKEN, step_passes=False, proven=False)
SHARED = Verdict(Finding.SHARED_INCIDENT, step_passes=False, proven=False)
WORSE = Verdict(Finding.REGRESSION, step_passes=True, proven=False)

CHECKING = PreflightResult(PreflightState.RUNNING)
CHECKED = PreflightResult(PreflightState.PASSED)
DIFFERS = PreflightResult(PreflightState.FAILED, "3 of 10 answers differ")
CHECK_BROKEN = PreflightResult(PreflightState.BROKEN, "the golden set is no JSON", jobs=("ocr-preflight-1",))
AWAY = "up: Failed: Prometheus is away"
OUT_OF_REACH = Reach((50, 50, 50), 4980, False, 4405, (2, 3000.0), Fraction(2))


def asking(**fields: Any) -> Rollout:
    """What a resource says of its rollouts, in its own words."""
    return Rollout.model_validate_json(json.dumps(fields))


@dataclass
class Story:
    """One service."""

    rollout: Rollout = field(default_factory=Rollout)
    memory: Memory | None = None
    now: datetime = START
    ready: dict[str, int] = field(default_factory=dict)
    full: int = 4
    wanted: str | None = OLD
    nonce: int = 0
    last: Advance | None = None

    def look(self, verdict: Verdict | None = None, *, seconds: int = 15, **more: Any) -> Course:
        """Let time pass, and look."""
        self.now += timedelta(seconds=seconds)
        lives = more.pop("lives", self.last.course if self.last else Course(None))
        if lives.stable not in self.ready:  # somebody deleted it
            lives = replace(lives, stable=None)
        situation = Situation(
            wanted=self.wanted,
            lives=lives,
            ready=dict(self.ready),
            full=self.full,
            verdict=verdict,
            **more,
        )
        done = advance(self.memory, self.rollout, situation, self.now)
        again = advance(self.memory and done.memory, self.rollout, situation, self.now)
        assert again.memory == done.memory, "a look that is repeated changes something"
        assert again.course == done.course
        self.memory = memory_from(text_of(done.memory))
        assert self.memory == done.memory
        self.last = done
        return done.course

    def ask(self, verb: str, revision: str, **more: Any) -> Course:
        """Let a person ask for something."""
        self.nonce += 1
        return self.look(asked=f"{verb}/{revision}/{self.nonce}", **more)

    @property
    def state(self) -> State:
        """Where it is."""
        assert self.memory is not None
        return self.memory.state

    @property
    def answer(self) -> str:
        """What became of the last request."""
        assert self.memory is not None
        assert self.memory.handled is not None
        return f"{self.memory.handled.outcome}: {self.memory.handled.message}"

    @property
    def told(self) -> str:
        """All that was said at the last look."""
        assert self.last is not None
        return " ".join(saying.message for saying in self.last.said)

    @property
    def said(self) -> list[str]:
        """The reasons of what was said at the last look."""
        assert self.last is not None
        return [saying.reason for saying in self.last.said]

    def settled(self) -> Story:
        """OLD serves with all its pods."""
        self.ready[OLD] = self.full
        self.look()
        assert (self.state, self.memory and self.memory.stable) == (State.STEADY, OLD)
        return self

    def tried(self, weight: int = 5) -> Story:
        """NEW takes a share."""
        self.settled()
        self.wanted = NEW
        self.ready[NEW] = 1
        self.look()
        return self.raised(weight)

    def raised(self, weight: int) -> Story:
        """NEW takes a greater share."""
        while self.last is not None and self.last.course.canary_weight < weight:
            self.ready[NEW] = max(1, self.last.course.canary_replicas)
            self.look(FINE, seconds=120)
        return self

    def promoted(self) -> Story:
        """NEW serves, OLD is warm."""
        return self.tried(50).proven()

    def proven(self) -> Story:
        """NEW takes over from its last step."""
        self.look(PROVEN, seconds=120)
        self.ready[NEW] = self.full
        self.look()
        assert self.state is State.BAKING
        return self


def rejected(story: Story) -> dict[str, Cause]:
    """Who was rejected, and why."""
    assert story.memory is not None
    return {one.revision: one.cause for one in story.memory.rejected}


def hold(story: Story) -> Hold | None:
    """Why the rollout waits."""
    assert story.memory is not None
    return story.memory.hold
