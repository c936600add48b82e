"""One look at a rollout: what is remembered from now on, what is to be carried out, and what is said. Pure.

A look may be repeated: it changes nothing twice. It may be missed, or the program end after it: all that the
next one needs is in the memory.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from paddle_operator.rollout.adoption import adopted
from paddle_operator.rollout.baking import bake_down
from paddle_operator.rollout.course import Course
from paddle_operator.rollout.decisions import blocking, next_move, short_of_room, short_since
from paddle_operator.rollout.judging import FIGURES
from paddle_operator.rollout.machine import TRYING, Event, State
from paddle_operator.rollout.memory import LONGEST_SAID, Attempt, Hold, Judged, Memory
from paddle_operator.rollout.moves import Move, View, by_wish
from paddle_operator.rollout.only_pods import alone, too_few, unwanted_but_needed
from paddle_operator.rollout.orders import obey
from paddle_operator.rollout.preflight import PreflightState
from paddle_operator.rollout.request import LONGEST, Handled, Outcome, Verb
from paddle_operator.rollout.saying import (
    PASSED_THROUGH,
    Saying,
    begins_anew,
    in_place_of,
    rejected_before,
    said_of,
    waiting,
)
from paddle_operator.rollout.situation import Situation
from paddle_operator.rollout.verdict import Finding
from paddle_operator.rollout.waits import waits_now
from paddle_operator.rollout.weighing import course_of, present_step
from paddle_operator.sla.intervals import utc
from paddle_operator.spec.rollout import Rollout, Strategy

MOST_MOVES = 12
"""More than any way through the table takes at one look."""
_BY_EVIDENCE = frozenset({Event.PASSED, Event.APPROVED, Event.PROVEN})
"""What leads to these is told with what they led to, also where it was only passed through."""


@dataclass(frozen=True, slots=True)
class Advance:
    """What one look comes to. The memory is to be written before the course is carried out."""

    memory: Memory
    course: Course
    said: tuple[Saying, ...] = ()


def advance(memory: Memory | None, rollout: Rollout, situation: Situation, now: datetime) -> Advance:
    """Decide from a look. Times are in whole seconds."""
    now = utc(now).replace(microsecond=0)
    past = memory is not None and _of_the_past(memory, rollout, situation)
    memory = None if past else memory
    if memory is None or _of_other_revisions(memory, situation):
        gone = memory if memory is not None and memory.stable is not None else None
        memory = _anew(memory, rollout, situation, now)
        if situation.lives.stable is not None:
            told = in_place_of(gone, memory) if gone is not None else begins_anew(memory, past=past)
            if told is None:
                return Advance(memory, situation.lives)
            return Advance(memory.but(said=told.message), situation.lives, (told,))
    memory = _with_first(_without_anybody(memory, situation), situation)
    memory = _by_present_strategy(memory, rollout)
    memory = memory.but(since=min(memory.since, now))  # a clock may be set back
    looked = situation.verdict is not None or situation.missing != ""
    fresh = looked and now != memory.looked_at  # an earlier look is no repetition
    view = View(rollout, situation, now, fresh)
    memory = memory.but(**bake_down(memory, view))
    before, steps = memory, _Steps(_looked(memory, view) if fresh else memory, view)
    steps.follow(by_wish(steps.memory, steps.view))
    steps.memory, order = obey(steps.memory, steps.view)
    steps.memory = _with_first(steps.memory, situation)  # who is forgiven may be the only one
    steps.follow(order)
    for _ in range(MOST_MOVES):
        steps.follow(next_move(steps.memory, steps.view))
    after = _settled(steps.memory, view)
    said = steps.said()
    begins_to_wait = _waiting(after) != _waiting(before) or (said and after.hold is Hold.PAUSED)
    waits = waiting(after, view) if after.state is not State.HELD and begins_to_wait else None
    said = steps.with_shown((*said, waits) if waits is not None else said)
    if not said:
        said = tuple(filter(None, [rejected_before(after, view)]))
    after, newer = after.but(said=_told(said, before, after)), waits_now(after, view)
    if newer is not None and newer.message != before.newer:
        said = (*said, newer)
    after = after.but(newer=newer.message if newer is not None else "")
    return Advance(after, course_of(after, rollout, situation), said)


def _told(said: tuple[Saying, ...], before: Memory, after: Memory) -> str:
    """What is told from now on: what was said stays while nothing happens. A warning is not lost to what
    follows it at the same look, nor what led to a wait to why it waits."""
    if not said:
        same = (before.state, _waiting(before)) == (after.state, _waiting(after))
        return before.said if same else ""
    *earlier, last = said
    warned = [one.message for one in earlier if one.warns]
    waits = last.reason == after.hold and after.state is not State.HELD
    unheld = before.state is State.BLOCKED and before.hold is None  # who it was then, it still is
    if waits and unheld and _waiting(before)[0] == _waiting(after)[0]:
        warned = [before.said, *warned]
    if not warned or (last.warns and not waits) or (waits and after.has_left(last.revision) is not None):
        return last.message[:LONGEST_SAID]
    first = warned[-1].partition(FIGURES)[0].rstrip(".")[: max(0, LONGEST_SAID - len(last.message) - 2)]
    return f"{first}. {last.message}"[:LONGEST_SAID] if first else last.message[:LONGEST_SAID]


def _waiting(memory: Memory) -> tuple[str | None, Hold | None]:
    """Who waits, and why."""
    return memory.attempt.canary if memory.attempt is not None else None, memory.hold


class _Steps:
    """The events of one look, in order."""

    def __init__(self, memory: Memory, view: View) -> None:
        self.memory, self.view = memory, view
        self._made: list[tuple[State, Saying]] = []
        self._shown = ""

    def follow(self, move: Move | None) -> None:
        """Let an event happen. What the gate said was for the state before it."""
        if move is None:
            return
        before = self.memory
        used = {"looked_at": self.view.now} if self.view.fresh else {}
        self.memory = before.moved(move.event, self.view.now, **{**used, **move.changes})
        if move.event in _BY_EVIDENCE or move.lasts:
            self._shown = move.lasts or move.told
        self._made.append((self.memory.state, said_of(self.memory, move, before, self.view)))
        self.view = replace(self.view, fresh=False)

    def said(self) -> tuple[Saying, ...]:
        """Return what is to be said, without what was only passed through."""
        last = len(self._made) - 1
        return tuple(
            saying
            for number, (state, saying) in enumerate(self._made)
            if (number == last and state is not State.BLOCKED) or state not in PASSED_THROUGH or saying.warns
        )

    def with_shown(self, said: tuple[Saying, ...]) -> tuple[Saying, ...]:
        """Add the counts by which a step has passed, or who serves meanwhile, to the last one, which alone is
        kept; to who begins where nothing else is said."""
        said = said or tuple(saying for _, saying in self._made[-1:] if self._shown)
        if not said or self._shown in said[-1].message:
            return said
        words = f"{said[-1].message.rstrip('.')}. {self._shown[0].upper()}{self._shown[1:]}"
        return (*said[:-1], replace(said[-1], message=words))


def _anew(memory: Memory | None, rollout: Rollout, situation: Situation, now: datetime) -> Memory:
    """Go on from what lives. What a person asked for before is not done again: it may have been done."""
    found = adopted(_share_of_its_own(situation, rollout), rollout, now)
    if memory is not None:
        return found.but(rejected=memory.rejected, left=memory.left, handled=memory.handled)
    asked, answered = situation.asked[:LONGEST], situation.answered
    if not asked or (answered is not None and answered.request == asked):
        return found.but(handled=answered)
    told = "what was remembered of the rollout is lost: ask again, with another nonce"
    handled = Handled(request=asked, outcome=Outcome.REFUSED, message=told, at=now)
    return found.but(handled=handled)


def _share_of_its_own(situation: Situation, rollout: Rollout) -> Course:
    """Return what lives. A share that a canary has only because nobody else has pods passes no step: the
    first one begins anew, and its share lasts as long as that is so."""
    lives = situation.lives
    if situation.has(lives.stable):
        return lives
    return replace(lives, canary_weight=min(lives.canary_weight, rollout.steps[0].weight))


def _of_the_past(memory: Memory, rollout: Rollout, situation: Situation) -> bool:
    """Whether somebody put an older one back: one serves of whom it does not know that it served, or it takes
    somebody for good whose Deployment is marked as rejected, and whom nobody lets try again.

    Who gave the service up a moment ago and serves until that is carried out is in its history, where one is
    kept."""
    lives, retried = situation.lives, memory.handled.request if memory.handled is not None else ""
    rejected = {one.revision for one in memory.rejected}
    returns = memory.returning.canary if memory.returning is not None else None
    known = {memory.stable, memory.previous, returns, *memory.history, *rejected}
    keeps = rollout.revision_history_limit > 0
    if keeps and memory.served and lives.stable is not None and lives.stable not in known:
        return memory.stable in situation.ready  # else it is of other revisions
    tried = memory.attempt.canary if memory.attempt is not None else None
    marked = ({memory.stable, tried} & lives.rejected.keys()) - rejected
    return any(not retried.startswith(f"{Verb.RETRY}/{one}/") for one in marked)


def _of_other_revisions(memory: Memory, situation: Situation) -> bool:
    """Whether it is of a past that a backup has replaced: its stable revision is gone, another serves."""
    lives = situation.lives.stable
    gone = memory.served and memory.stable not in situation.ready
    return gone and lives is not None and lives != memory.stable


def _without_anybody(memory: Memory, situation: Situation) -> Memory:
    """Where who served is gone and nobody is in its place, the next one serves at once, as a first revision
    does: nobody is there whose budget, or whose comparison, it could wait for."""
    left = {memory.stable, memory.previous, *memory.history} & situation.ready.keys()
    canary = memory.attempt is not None and situation.has(memory.attempt.canary)
    if not memory.served or left or canary or situation.lives.stable is not None:
        return memory
    return memory.but(stable=None, served=False, state=State.STEADY, attempt=None, hold=None, previous=None)


def _by_present_strategy(memory: Memory, rollout: Rollout) -> Memory:
    """An attempt that has not begun, nor been let begin by a person, follows the strategy of now."""
    attempt = memory.attempt
    if attempt is None or memory.state is not State.BLOCKED or attempt.approved:
        return memory
    return memory.attempting(strategy=rollout.strategy)


def _with_first(memory: Memory, situation: Situation) -> Memory:
    """A revision before which none has served serves at once: nobody is there to be worse than."""
    wanted = situation.wanted
    if memory.attempt is not None or memory.served or wanted is None or memory.rejection_of(wanted):
        return memory
    return memory.but(stable=wanted) if wanted != memory.stable else memory


def _looked(memory: Memory, view: View) -> Memory:
    """Take the gate's look into account, and let the step's time run where it counts."""
    if memory.attempt is None and memory.state is not State.BAKING:
        return memory
    waits = memory.state is State.HELD and view.verdict is None  # no news: at rest nothing is written
    looked_at = memory.looked_at if waits else view.now
    gate, counters, judged = view.situation.gate, view.situation.counters, _judged(memory, view)
    seen = memory.but(gate=gate, counters=counters, looked_at=looked_at, judged=judged)
    if memory.attempt is not None:
        missing_since = min(memory.attempt.missing_since or view.now, view.now) if view.missing else None
        seen = seen.attempting(missing_since=missing_since)
    unclear = view.missing != "" or view.finds(Finding.NO_DATA, Finding.SHARED_INCIDENT)
    stands = unclear or view.frozen or unwanted_but_needed(memory, view.situation)
    if memory.attempt is None or memory.state is not State.STEP or memory.looked_at is None or stands:
        return seen
    before, passed = memory.attempt.running_seconds, (view.now - memory.looked_at) // timedelta(seconds=1)
    running = before + max(0, passed)
    if alone(memory, view.situation.ready) is not None:  # it may pass, and is not late beside nobody
        least = view.rollout.steps[present_step(view.rollout, memory.attempt)].min_duration_seconds
        running = max(before, min(running, least))
    return seen.attempting(running_seconds=running)


def _judged(memory: Memory, view: View) -> Judged | None:
    revision = memory.attempt.canary if memory.attempt is not None else memory.stable
    if view.verdict is None or revision is None:
        return memory.judged
    return Judged(revision=revision, verdict=view.verdict, counted_from=view.situation.counted_from)


def _settled(memory: Memory, view: View) -> Memory:
    """What changes without an event: why it waits, what its ready pods can take, and that it has served."""
    served = memory.served or view.situation.has(memory.stable) > 0
    memory = memory.but(served=served, history=memory.history[: view.rollout.revision_history_limit])
    memory, attempt = memory.but(**bake_down(memory, view)), memory.attempt  # another state may have begun
    if attempt is None:
        return memory
    few = too_few(memory, view.situation.ready, view.situation.full) or (attempt.too_few and not view.fresh)
    memory = memory.attempting(short_since=short_since(memory, attempt, view), too_few=few)
    stands = view.frozen or attempt.blind
    follows = attempt.strategy is Strategy.CANARY or attempt.full
    if memory.state is State.PROMOTING and follows and not stands:
        memory = memory.attempting(weight=max(attempt.weight, view.situation.share_of(attempt.canary)))
    if memory.state is State.HELD:
        return memory
    hold = _waits_for(memory, attempt, view)
    if hold is Hold.PROOF_NOT_REACHABLE and hold is not memory.hold:  # with what is said now, a person agrees
        reach = view.situation.reach
        memory = memory.attempting(offered=reach.weights[0] if reach is not None else 0)
    return memory.but(hold=hold) if hold is not memory.hold else memory


def _waits_for(memory: Memory, attempt: Attempt, view: View) -> Hold | None:
    found = view.situation.preflight
    if view.paused and memory.state in TRYING:
        return Hold.PAUSED
    match memory.state:
        case State.BLOCKED:
            return blocking(memory, attempt, view)
        case State.PREFLIGHT if found is not None and found.state is PreflightState.BROKEN:
            return Hold.PREFLIGHT_BROKEN
        case State.PREPARING | State.PROMOTING if attempt.strategy is not Strategy.RECREATE:
            short = short_of_room(attempt, view, takes_over=memory.state is State.PROMOTING)
            return Hold.NO_CAPACITY if short else None
        case _:
            return None
