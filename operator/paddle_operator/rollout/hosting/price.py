"""What a rollout on scarce accelerators costs while it makes room, beside what the promise lets fail. Pure.

A round begins when a stable pod is told to end and lasts until the canary pod in its place is ready:

    ending      it goes on serving until no proxy sends to it, and finishes what it holds
    fetching    the bundles of the new pod; as long as those of the stable revision's took
    loading     as long as the stable revision's took, or as long as the startup probe allows

Finding a node takes a moment where room is there, and an image that the node does not hold has to come:
neither is known before. What of fetching and loading is not measured is taken as long as it may take, and
said to be; ending is then, too, for the whole is a bound.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from paddle_operator.rollout.hosting.capacity import Load, weight_hosted
from paddle_operator.rollout.hosting.forecast import Forecast
from paddle_operator.rollout.hosting.next_pods import Side
from paddle_operator.sla.figures import duration_text
from paddle_operator.sla.means import Allowed, Known, Means


@dataclass(frozen=True, slots=True)
class Round:
    """How long one round takes."""

    seconds: Fraction
    told: str
    """What it is made of, in words."""
    measured: bool
    """Else it is the longest that it may take."""


@dataclass(frozen=True, slots=True)
class Price:
    """What is lost until the last canary pod is ready."""

    round: Round
    without: Fraction
    """Seconds in which no pod serves."""
    reduced: Fraction
    """Seconds in which fewer pods serve than before, and not none."""
    at_risk: Fraction
    """The largest share of the requests of a moment that may fail."""
    spends: Fraction
    """Share of the error budget: above 1 where it is not enough."""
    objective: str
    """Whose budget: that of the objective which lets the least fail."""
    over: str
    """Of which time it is the budget, as if requests came all that time as they do now."""
    hosts: int
    """The largest weight, in percent, for which all the canary pods that find room are enough."""
    exact: bool
    """Else it is at most so much: a time, the load or the capacity of a pod is not measured."""


def longest_round(means: Means) -> Fraction:
    """Return the seconds that a round may take."""
    return means.pre_stop.value + means.drain.value + means.moving.value


def round_of(means: Means, known: Known, stable: Side) -> Round:
    """Add up a round from what the stable revision's pods took, or may take."""
    fetched = max(
        (one.fetch_seconds for one in stable.staying if one.fetch_seconds is not None), default=None
    )
    measured = known.load_seconds is not None and fetched is not None
    ending = means.pre_stop.value + (0 if measured else means.drain.value)
    parts = (
        _part(ending if measured else None, ending, "to end a pod"),
        _part(fetched, means.arriving, "to fetch" if fetched is not None else "to find a node and fetch"),
        _part(known.load_seconds, means.startup.value, "to load"),
    )
    return Round(sum((time for time, _ in parts), Fraction()), ", ".join(how for _, how in parts), measured)


def _part(measured: Fraction | None, most: Fraction, what: str) -> tuple[Fraction, str]:
    if measured is None:
        return most, f"at most {duration_text(most)} {what}"
    return measured, f"{duration_text(measured)} {what}"


def price_of(found: Forecast, each: Round, load: Load, budgets: Iterable[Allowed]) -> Price:
    """Compare what a rollout loses with the budget that lets the least fail."""
    tightest = min(budgets, key=lambda one: one.time)
    risks = [_at_risk(serves, found.serving, load) for serves in found.rounds]
    return Price(
        round=each,
        without=each.seconds * sum(not serves for serves in found.rounds),
        reduced=each.seconds * sum(0 < serves < found.serving for serves in found.rounds),
        at_risk=max(risks, default=Fraction(0)),
        spends=each.seconds * sum(risks, Fraction(0)) / tightest.time if tightest.time else Fraction(0),
        objective=tightest.objective,
        over=tightest.over,
        hosts=weight_hosted(100, found.wanted, found.wanted, found.canary, load),
        exact=not found.rounds or (each.measured and (not found.least or load.known)),
    )


def _at_risk(serves: int, before: int, load: Load) -> Fraction:
    """The share of the requests that is too much for those that serve.

    Not known how much they carry: as if all of the pods before were just enough.
    """
    if serves >= before:
        return Fraction(0)
    return max(Fraction(0), 1 - serves * load.of_one(before))
