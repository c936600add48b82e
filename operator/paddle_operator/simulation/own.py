"""This project's gate in a simulated rollout, with the defaults of spec.rollout."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from paddle_operator.rollout.gate.judge import Look, Memory, judge
from paddle_operator.rollout.gate.proof import Reach, least_first_weight
from paddle_operator.rollout.gate.settings import Gate, Objective
from paddle_operator.simulation.driver import Action, Clock, act
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
    gate = gate_of(world.budget)
    steps = planned(world.budget, world.requests_per_second, world.stable_share)
    memory, clock = Memory(), Clock()
    while world.seconds < LONGEST_SECONDS:
        counted = world.pass_time(INTERVAL_SECONDS, steps.weights[clock.step])
        memory, verdict = judge(gate, memory, Look(clock.step, counted))
        clock, action = act(ROLLOUT, clock, verdict, INTERVAL_SECONDS)
        if action in _ENDINGS:
            return world.end(_ENDINGS[action])
    return world.end(Ending.HELD)


def gate_of(budget: Fraction) -> Gate:
    """Return the gate of both objectives."""
    return Gate((Objective(ERRORS, budget), Objective(LATENCY, budget)), len(ROLLOUT.steps))


@lru_cache(maxsize=64)
def planned(budget: Fraction, requests_per_second: int, stable_share: Fraction) -> Reach:
    """Return the weights, the first one raised where a healthy canary could not be proven in time.

    Where none is enough, a real rollout does not begin, with the reason ProofNotReachable; here it does, with
    the greatest, to see what becomes of it."""
    return least_first_weight(gate_of(budget), ROLLOUT.steps, Fraction(requests_per_second), stable_share)
