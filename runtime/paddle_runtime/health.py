"""What this server says of itself: a state machine that is a table. Pure.

    starting --warm--> ready --cold--> starting
        any --drain--> draining (and nothing leads out of it)

`warm`: the first worker became warm. `cold`: the last warm worker is gone. `drain`: SIGTERM or SIGINT.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What the readiness probe is told; only READY is a 200."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"


class Event(StrEnum):
    """What can happen to a server."""

    WARM = "warm"
    COLD = "cold"
    DRAIN = "drain"


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.STARTING, Event.WARM): State.READY,
    (State.STARTING, Event.COLD): State.STARTING,
    (State.STARTING, Event.DRAIN): State.DRAINING,
    (State.READY, Event.WARM): State.READY,
    (State.READY, Event.COLD): State.STARTING,
    (State.READY, Event.DRAIN): State.DRAINING,
    (State.DRAINING, Event.WARM): State.DRAINING,
    (State.DRAINING, Event.COLD): State.DRAINING,
    (State.DRAINING, Event.DRAIN): State.DRAINING,
}


@dataclass
class Health:
    """The one mutable place that holds the state and when draining began (seconds, the server's clock)."""

    state: State = State.STARTING
    draining_since: float | None = None

    def happen(self, event: Event, *, now: float) -> State:
        """Apply one event and return the new state."""
        self.state = TRANSITIONS[self.state, event]
        if self.state is State.DRAINING and self.draining_since is None:
            self.draining_since = now
        return self.state

    @property
    def ready(self) -> bool:
        """Whether the readiness probe passes."""
        return self.state is State.READY

    def turns_away(self, connected_at: float) -> bool:
        """Whether a connection of that age is new to a draining server. Old ones are served to the end:
        their callers could not know."""
        return self.draining_since is not None and connected_at >= self.draining_since


def drained(
    *,
    now: float,
    since: float,
    last_request: float,
    in_flight: int,
    quiet_seconds: float,
    longest_seconds: float,
) -> bool:
    """Whether draining may end: all is answered and has been quiet for a moment, or the time is up."""
    if now - since >= longest_seconds:
        return True
    return in_flight == 0 and now - max(last_request, since) >= quiet_seconds
