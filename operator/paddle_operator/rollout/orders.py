"""What a person asks for at once: done or refused, and answered once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from paddle_operator.rollout.machine import TRYING, Event, State
from paddle_operator.rollout.memory import Attempt, Cause, Hold, Memory
from paddle_operator.rollout.moves import (
    Move,
    View,
    ending,
    gone_back,
    history_kept,
)
from paddle_operator.rollout.only_pods import TOOK_OVER, Alone, alone, unwanted_but_needed
from paddle_operator.rollout.request import (
    LONGEST,
    Handled,
    Outcome,
    RequestMalformed,
    Verb,
    request_from,
)
from paddle_operator.rollout.weighing import present_step
from paddle_operator.spec.rollout import Approval, Strategy


class _Refused(Exception):
    """Why nothing is done, and what can be asked for."""


Done = tuple[Memory, Move | None, str]
"""What is remembered, what happens, and what is answered."""


def obey(memory: Memory, view: View) -> tuple[Memory, Move | None]:
    """Handle the annotation of this look, if it was not handled before."""
    text = view.situation.asked[:LONGEST]
    if not text or (memory.handled is not None and memory.handled.request == text):
        return memory, None
    try:
        request = request_from(text)
        remembered, move, message = _VERBS[request.verb](memory, view, request.revision)
        outcome = Outcome.ACCEPTED
    except (RequestMalformed, _Refused) as why:
        remembered, move, message, outcome = memory, None, str(why), Outcome.REFUSED
    handled = Handled(request=text, outcome=outcome, message=message, at=view.now)
    return remembered.but(handled=handled), move


def _promote(memory: Memory, view: View, revision: str) -> Done:
    attempt = _tried(memory, revision)
    _must_run(view)
    if view.situation.wanted is None:
        raise _Refused("nobody knows what the resource asks for now: mend what condition Ready tells first")
    if memory.state is State.BLOCKED:
        waits = memory.hold or memory.state
        raise _Refused(f"{revision} has not begun ({waits}): RolloutComplete says what helps")
    if memory.state not in TRYING or not attempt.checked:
        raise _Refused(f"{revision} has no pods yet that are ready and through the preflight: ask again then")
    if memory.state is State.PROMOTING:
        raise _Refused(f"{revision} is being promoted already")
    ordered = attempt.but(ordered=True, approved=False)
    return memory, Move(Event.PROVEN, {"attempt": ordered}, told="a person promotes it"), "it is promoted"


def _abort(memory: Memory, view: View, revision: str) -> Done:
    returning = memory.returning
    if returning is not None and returning.canary == revision:
        told = f"a person keeps {memory.stable}"
        serves = view.situation.has(memory.stable) > 0
        answer = (
            "goes on serving" if serves else "serves again once its pods are ready; until then nobody does"
        )
        history = {"history": history_kept(memory, view, memory.stable or "")}
        return memory, Move(Event.WITHDRAWN, history, told=told), f"{memory.stable} {answer}"
    attempt = _tried(memory, revision)
    missed = not view.situation.has(memory.stable)
    until = f"; nobody serves until {memory.stable} has a ready pod" if missed else ""
    return (
        memory,
        ending(memory, attempt, view, Cause.ABORTED, "a person aborted it"),
        f"it is aborted{until}",
    )


def _approve(memory: Memory, view: View, revision: str) -> Done:
    attempt = _tried(memory, revision)
    if unwanted_but_needed(memory, view.situation):
        stays = f"{revision} is not wanted any more, and serves until {memory.stable} has a ready pod"
        raise _Refused(f"{stays}: promote it, or abort it")
    match memory.state, memory.hold:
        case State.BLOCKED, Hold.PROOF_NOT_REACHABLE:
            return memory.attempting(approved=True, without_proof=True), None, "it goes on"
        case (
            (State.BLOCKED, Hold.NEEDS_APPROVAL)
            | (State.PREFLIGHT, Hold.PREFLIGHT_BROKEN)
            | (State.AWAITING_APPROVAL, _)
        ):
            return memory.attempting(approved=True), None, "it goes on"
        case State.HELD, Hold.REGRESSION:
            told = "it goes on, although it is worse than the stable revision"
            return memory.attempting(accepted=True), None, told
        case State.HELD, Hold.UNPROVEN:
            return memory.attempting(running_seconds=0), Move(Event.RECOVERED), "the step begins anew"
        case State.BLOCKED, Hold.BUDGET_BLOCKED:
            raise _Refused(
                "too little of the budget is left: set spec.rollout.budgetPolicy.override to Repair if this "
                "is the repair"
            )
        case _:
            _must_run(view)
            waits, now = memory.hold or memory.state, _unasked(memory, attempt, view)
            raise _Refused(f"{revision} does not wait for a person now ({waits}): {now}")


def _unasked(memory: Memory, attempt: Attempt, view: View) -> str:
    """Say what comes of one that waits for nobody's word, and what can be asked for all the same."""
    match memory.state:
        case State.BLOCKED:
            comes = "RolloutComplete says what helps"
        case State.HELD:
            comes = "it goes on by itself when that is over"
        case State.PROMOTING:
            comes = "it takes over by itself"
        case _ if view.situation.trouble:
            comes = f"its pods do not come up: {view.situation.trouble.rstrip('.')}"
        case _:
            comes = _until_asked(attempt, view)
    passed = memory.state in TRYING and memory.state is not State.PROMOTING and attempt.checked
    may_promote = passed and view.situation.wanted is not None
    skips = "promote it, without further steps and proof, or " if may_promote else ""
    return f"{comes}. To decide now, {skips}abort it"


def _until_asked(attempt: Attempt, view: View) -> str:
    """Say whether it waits for a person later on, and where."""
    steps, present = view.rollout.steps, present_step(view.rollout, attempt)
    manual = (number for number, step in enumerate(steps) if step.approval is Approval.MANUAL)
    asks = next((one for one in manual if one > present or (one == present and not attempt.approved)), None)
    if attempt.strategy is not Strategy.CANARY or attempt.ordered or asks is None:
        return "it goes on by itself, and none of its steps is left that asks for a person"
    return f"it does after step {asks + 1} of {len(steps)}, at {State.AWAITING_APPROVAL}: ask again then"


def _retry(memory: Memory, view: View, revision: str) -> Done:
    if memory.rejection_of(revision) is None:
        names = ", ".join(one.revision for one in memory.rejected) or "none is"
        raise _Refused(f"{revision} is not rejected; rejected: {names}")
    kept = tuple(one for one in memory.rejected if one.revision != revision)
    match view.situation.wanted:
        case None:
            told = "it may be tried again, once it is known that the resource asks for it"
        case wanted if wanted == revision:
            told = "it may begin again; what else holds it, RolloutComplete tells"
        case wanted:
            told = f"it may be tried again; the resource asks for {wanted} now"
    return memory.but(rejected=kept), None, told


def _rollback(memory: Memory, view: View, revision: str) -> Done:
    told, only = "a person rolled back", alone(memory, view.situation.ready)
    if revision == memory.stable:
        return memory, _back_to_stable(memory, view, revision, told), "it takes over again"
    returning, trying = memory.returning, memory.trying
    forgiving = returning.canary if returning is not None and returning.forgiven else None
    tried = trying.canary if trying is not None else None
    if revision == tried and memory.state is not State.BLOCKED:
        raise _Refused(f"{revision} is being rolled out: it takes over by its steps, or at once by promote")
    if (left := memory.how_it_left(revision)) and memory.rejection_of(revision) is None:
        raise _Refused(f"{revision} {left}: to have it tried again, let the resource ask for it")
    known = (forgiving, memory.previous, *memory.history)
    kept = [one for one in known if one in view.situation.ready and memory.has_left(one) is None]
    choice = [one for one in kept if one is not None and memory.rejection_of(one) is None]
    if revision not in choice:
        raise _Refused(f"{revision} is none to go back to; there is: {', '.join(choice) or 'none'}")
    if only is Alone.FOR_NOW:
        sooner = f"promote it, or abort it, which leaves nobody serving, and ask again for {revision}"
        raise _Refused(f"{tried} has the only ready pods until {memory.stable} has one: {sooner}")
    return memory, gone_back(memory, view, revision, Cause.SENT_BACK, told), "it takes over again"


def _back_to_stable(memory: Memory, view: View, stable: str, told: str) -> Move:
    """Let the stable revision, of which no pod is ready, take over again from who alone takes over."""
    only, there = alone(memory, view.situation.ready), stable in view.situation.ready
    if only not in TOOK_OVER or not there:
        serves = "serves" if view.situation.has(stable) else "serves once it has a ready pod"
        instead = ": abort what is being rolled out instead" if memory.trying is not None else ""
        raise _Refused(f"{stable} {serves}{instead}")
    if unwanted_but_needed(memory, view.situation):
        raise _Refused(f"the resource asks for {view.situation.wanted}: apply it as it was for {stable}")
    return gone_back(memory, view, stable, Cause.SENT_BACK, told)


def _must_run(view: View) -> None:
    if view.paused:
        raise _Refused("the rollout is paused: set spec.rollout.state to Running first")


def _tried(memory: Memory, revision: str) -> Attempt:
    """Return the attempt, which must be of this revision."""
    if memory.trying is not None and memory.trying.canary == revision:
        return memory.trying
    if revision == memory.stable:
        kept = ", ".join(filter(None, (memory.previous, *memory.history))) or "none is kept"
        raise _Refused(f"{revision} serves; to leave it, ask for rollback and an earlier revision: {kept}")
    tried = memory.attempt.canary if memory.attempt is not None else "none"
    raise _Refused(f"{revision} is not being rolled out; being rolled out: {tried}")


_VERBS: Mapping[Verb, Callable[[Memory, View, str], Done]] = {
    Verb.PROMOTE: _promote,
    Verb.ABORT: _abort,
    Verb.APPROVE: _approve,
    Verb.RETRY: _retry,
    Verb.ROLLBACK: _rollback,
}
