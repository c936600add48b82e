"""What a promise is to be kept with, what is known of it, and what one look at it finds. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from fractions import Fraction

from paddle_operator.reasons import Reason
from paddle_operator.sla.figures import Figure, Term, duration_text


@dataclass(frozen=True, slots=True)
class Means:
    """The pods of a service and what stands around them. plan/means.py reads them from a resource."""

    least_pods: Figure
    """Pods that serve at any time, while none is lost."""
    most_pods: Figure
    """Pods that there can be."""
    pods_field: str
    """The field that raises the least number."""
    most_field: str
    """The field that raises the largest number."""
    probe_period: Figure
    probe_failures: Figure
    probe_timeout: Figure
    startup: Figure
    """Loading and warming up may take this long; then the container is started anew."""
    ending: Figure
    """A container that does not answer any more is killed this long after it was told to end."""
    pre_stop: Figure
    """A pod that is to end goes on serving this long, so that no proxy sends to it any more."""
    drain: Figure
    """Then it finishes what it holds, for this long."""
    longest_request: Figure
    """No request is given longer by the gateway before it is sent to another pod."""
    moving: Figure
    """Finding a node, fetching every bundle and loading: a pod that has to move may take this long."""
    repeats: bool
    """The gateway sends a request that was not answered to another pod."""

    @property
    def arriving(self) -> Fraction:
        """Seconds that a pod which has to move may take until it loads: finding a node, fetching."""
        return self.moving.value - self.startup.value


@dataclass(frozen=True, slots=True)
class Unhurried:
    """Good answers by the time they took, and how many of them had to wait for a worker."""

    total: int
    waited: int
    within: tuple[tuple[int, int], ...]
    """Milliseconds, ascending, and how many answers took at most that long."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests a second, as far as they are known: between the two."""

    low: Fraction
    high: Fraction


@dataclass(frozen=True, slots=True)
class Known:
    """What was measured of a service. None and empty: not yet."""

    load_seconds: Fraction | None = None
    """Loading and warming up, of the slowest pod."""
    answers: Unhurried | None = None
    capacity: Rate | None = None
    """Of one pod while the objectives hold."""
    peak: Rate | None = None
    """The most requests a second that were offered to the service."""
    nodes: tuple[str, ...] = field(default=())
    """The node of each ready pod that serves."""


NOTHING_KNOWN = Known()
MOST_PODS = 1000
"""No field that says how many takes more."""


class Holds(Enum):
    """What a look at one side of the promise says."""

    YES = auto()
    NO = auto()
    OPEN = auto()
    """Nothing speaks against it, and something is not measured."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One side of the promise: what was added up, and what came out."""

    about: str
    holds: Holds
    result: str
    terms: tuple[Term, ...] = ()
    reason: Reason | None = None
    """Set where it does not hold."""
    remedy: str = ""
    """What would make it hold."""
    missing: tuple[str, ...] = ()
    """What has to be measured before it can be told."""
    remark: str = ""
    """What a person should know although it holds."""
    is_headline: bool = False
    """Its result is told with every answer."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The budget of one objective."""

    objective: str
    share: Fraction
    """Of the requests, that may fail it."""
    days: int
    counted: Fraction = Fraction(1)
    """The share of the window in which the promise holds, above 0."""

    @property
    def window(self) -> Fraction:
        """Seconds of the window in which the promise holds."""
        return self.counted * self.days * 86_400

    @property
    def over(self) -> str:
        """That time in words."""
        whole = f"{self.days} days"
        return whole if self.counted == 1 else f"the {duration_text(self.window)} of {whole} that count"

    @property
    def time(self) -> Fraction:
        """Seconds in which everything may fail, where traffic is even."""
        return self.share * self.window


def percent_that_fits(share: Fraction) -> str:
    """Return the highest target, in percent with three decimals, that leaves this share; "" where it is none
    that a resource may have."""
    percent = Fraction(int((1 - share) * 100_000), 1000)
    return f"{float(percent):g}" if percent > 50 else ""
