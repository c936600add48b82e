"""This project's gate and machine in a simulated rollout, with the defaults of spec.rollout."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from paddle_operator.rollout.gate.judge import Look, Memory, judge
from paddle_operator.rollout.gate.proof import Reach, least_first_weight, wanted
from paddle_operator.rollout.gate.settings import Gate, Objective
from paddle_operator.rollout.weighing import present_step
from paddle_operator.simulation.driver import Action, after, begun, look
from paddle_operator.simulation.world import ERRORS, LATENCY, End, Ending, World
from paddle_operator.spec.rollout import Rollout

ROLLOUT = Rollout()
INTERVAL_SECONDS = ROLLOUT.analysis.interval_seconds
LONGEST_SECONDS = 6 * 3600
_ENDINGS = {
    Action.ROLL_BACK: Ending.ROLLED_BACK,
    Action.PROMOTE: Ending.PROMOTED,
    Action.END_UNPROVEN: Ending.UNPROVEN,
}


def rollout(world: World) -> End:
    """Go through one rollout."""
    gate, known = gate_of(world.budget), Memory()
    made = begun(ROLLOUT, planned(world.budget, world.requests_per_second, world.stable_share))
    while world.seconds < LONGEST_SECONDS:
        step = present_step(ROLLOUT, made.memory.attempt)
        counted = world.pass_time(INTERVAL_SECONDS, made.course.canary_weight)
        known, verdict = judge(gate, known, Look(step, counted))
        made, action = look(made.memory, ROLLOUT, verdict, after(world.seconds))
        if action in _ENDINGS:
            return world.end(_ENDINGS[action])
    return world.end(Ending.HELD)


def gate_of(budget: Fraction) -> Gate:
    """Return the gate of both objectives."""
    return Gate((Objective(ERRORS, budget), Objective(LATENCY, budget)), len(ROLLOUT.steps))


@lru_cache(maxsize=64)
def planned(budget: Fraction, requests_per_second: int, stable_share: Fraction) -> Reach:
    """Return the weights, the first one raised where a healthy canary could not be proven in time.

    Where none is enough, a real rollout waits for a person, with the reason ProofNotReachable; here somebody
    approves at once, to see what becomes of it."""
    takes = wanted(gate_of(budget), {ERRORS: stable_share, LATENCY: stable_share})
    return least_first_weight(takes, ROLLOUT.steps, Fraction(requests_per_second))
