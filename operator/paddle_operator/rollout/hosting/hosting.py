"""What one look says about the room of whoever is tried. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from paddle_operator.rollout.hosting.capacity import UNKNOWN, Load
from paddle_operator.rollout.hosting.forecast import Forecast
from paddle_operator.rollout.hosting.next_pods import Look
from paddle_operator.rollout.memory import Memory


@dataclass(frozen=True, slots=True)
class Hosting:
    """How the pods of a revision find room, and what that costs."""

    told: str
    """All of it in words."""
    longest: timedelta
    """So long after a pod was ended the one in its place is ready, or something is wrong with it."""
    found: Forecast
    asked: timedelta = timedelta()
    """So long the golden set may take, after its pods are ready and before its first share."""
    look: Look | None = None
    """None where nobody knows what nodes have left, or where it does not matter: with Recreate."""
    load: Load = UNKNOWN
    about: tuple[str, str] | None = None
    """The stable revision and who is tried beside it; None: of whoever they are."""
    said: bool = False
    """People could read it before this look: what it says may be done."""

    @property
    def by_nodes(self) -> Forecast | None:
        """The forecast, where it rests on what nodes have left."""
        return self.found if self.look is not None else None

    def is_about(self, memory: Memory) -> bool:
        """Tell whether it is of those of now: who they are may have changed at the look it was asked for."""
        tried = memory.attempt.canary if memory.attempt is not None else None
        return self.about in {None, (memory.stable, tried)}
