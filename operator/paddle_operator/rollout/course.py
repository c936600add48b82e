"""What the rollout decided, for the plan to carry out: who serves, who is tried, with which traffic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Course:
    """Names are those of revisions. The stable revision takes what the canary does not."""

    stable: str | None
    """Who serves; None before any revision does."""
    canary: str | None = None
    """Who is tried or made ready; None where nobody is, or where the wanted one was rejected."""
    canary_weight: int = 0
    """Percent of the requests, 0 to 100."""
    canary_replicas: int = 0
    stable_replicas: int | None = None
    """While its pods make room for the canary's: how many it is to keep. None: it gives up none."""
    ends: tuple[str, ...] = ()
    """The pods of the stable revision that are to go, where some are."""
    previous: str | None = None
    """Who served before and stays as it is, without traffic, while the stable one bakes."""
    history: tuple[str, ...] = ()
    """Who served before that, newest first: kept without pods, to go back to."""
    recreates: bool = False
    """The stable revision gives its pods up before those of the canary come. Requests lead to it still, and
    nobody answers them."""
    rejected: Mapping[str, str] = field(default_factory=dict)
    """By name, why a revision may never take traffic again."""

    def weight(self, revision: str) -> int:
        """Return the percent of the requests that a revision takes."""
        shares = {self.stable: 100 - self.canary_weight, self.canary: self.canary_weight}
        return shares.get(revision, 0)
