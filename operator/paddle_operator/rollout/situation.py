"""What one look at the world tells the rollout. Whoever looks fills it in; nothing here asks anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from paddle_operator.rollout.course import Course
from paddle_operator.rollout.gate.proof import Reach
from paddle_operator.rollout.hosting.hosting import Hosting
from paddle_operator.rollout.preflight import PreflightResult
from paddle_operator.rollout.request import Handled
from paddle_operator.rollout.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Situation:
    """One look. What is not known has a value that moves nothing."""

    wanted: str | None
    """The revision that the resource asks for; None while its digest is not known, or it was refused."""
    lives: Course
    """What the objects in the cluster come to: roles, the route's weight, rejections. Asked only where
    nothing is remembered."""
    ready: Mapping[str, int] = field(default_factory=dict)
    """Ready pods, by revision. One that is not here has no Deployment any more."""
    full: int = 1
    """Pods that all of the traffic needs now: as many as the scaler or the resource asks for, or did when
    pods began to make room."""
    by_pods: bool = False
    """No gateway divides the requests: shares are by the numbers of ready pods."""
    hostable: int | None = None
    """Most pods that the canary can have, those included that it has; None: no bound is known."""
    hosting: Hosting | None = None
    """How the pods of whoever is tried find room, where that was asked."""
    verdict: Verdict | None = None
    """What the gate says at this look; None where it was not asked."""
    counted_from: tuple[str, ...] = ()
    """Selectors of the counters that were read for that."""
    missing: str = ""
    """Which counts are missing at this look, and why; empty: none is, or the gate was not asked."""
    scrape_seconds: float = 15.0
    """How often Prometheus samples the pods."""
    reach: Reach | None = None
    """Whether the canary can be proven in time, by the live rate; None: not known."""
    reckoned: bool = True
    """That was asked for whoever is wanted and has not begun."""
    preflight: PreflightResult | None = None
    """None where none is asked for."""
    trouble: str = ""
    """What keeps pods of whoever is tried from becoming ready; empty: nothing is known."""
    left_out: str = ""
    """What of the preflight cannot be asked, and why."""
    budget_left_percent: Fraction | None = None
    """Least of any objective; below 0 where more than the budget is spent. None: not known."""
    budget_of: str = ""
    """The objective of which that is left."""
    spent_percent: Fraction | None = None
    """Of the window's budget, what this attempt has spent beyond the stable revision."""
    fast_burn: bool = False
    """An alert of the whole service that pages somebody is firing."""
    asked: str = ""
    """The annotation by which a person asks for something; see request.py."""
    answered: Handled | None = None
    """What the status says that was answered last. Asked only where nothing is remembered."""
    gate: str = ""
    """What the gate remembers after this look; opaque."""
    counters: str = ""
    """The counters that this look has read; opaque."""

    def has(self, revision: str | None) -> int:
        """Return the ready pods of a revision."""
        return self.ready.get(revision, 0) if revision else 0

    def pods_for(self, weight: int) -> int:
        """Return the pods that a share needs, rounded up; at least one."""
        return max(1, -(-self.full * weight // 100))

    def comes_to(self, weight: int, stable: str | None) -> Fraction:
        """Return the percent of the requests that a canary with its pods gets for a weight. Where nothing but
        their numbers divides the requests, it is that of whole pods beside those of the stable revision."""
        if not self.by_pods:
            return Fraction(weight)
        canary = self.pods_for(weight)
        return Fraction(100 * canary, canary + self.has(stable))

    def share_of(self, revision: str) -> int:
        """Return the percent of the traffic that the ready pods of a revision can take, rounded down."""
        return min(100, 100 * self.has(revision) // self.full)
