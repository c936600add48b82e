"""Where attempts are counted, and which revision is behind which backend of the live route. Pure.

Envoy Gateway names a cluster by its backend's place in the rule, not by its Service. It keeps its name when
another revision takes the place, and nothing in its counters tells. So the order is read from the route, and
counts only from when the gateway says that it has taken it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from paddle_operator.rollout.looks.remembered import Remembered
from paddle_operator.sla.answer import Answer, NoData, Value
from paddle_operator.sla.gateway import COUNTED_RULE
from paddle_operator.sla.measured import Measured
from paddle_operator.spec.report import CountedAt

SETTLING = timedelta(seconds=5)
"""After the gateway has taken an order its proxies are told of it, which nobody sees. What they count until
then is nobody's."""


def counted_at_gateway(measured: Measured, before: Remembered | None) -> bool:
    """Tell whether a gateway counts the attempts of a canary: where anything is known of it, and then for as
    long as the rollout lasts. An outage of its metrics must not make the pods' word the gateway's."""
    judged = any(one.counted_at is CountedAt.GATEWAY for one in measured.figures)
    was = before is not None and CountedAt.GATEWAY in before.sources
    return was or judged or CountedAt.GATEWAY in measured.paces


def first_counted(
    first: datetime, scrape: timedelta, others: datetime | None, *, itself: bool
) -> Mapping[CountedAt, datetime]:
    """Return from when on a canary is counted that took its first requests at `first`: the scrape before.

    Where counting of `others` ended next to it, its place was another one's; a source that is missing here is
    counted from when the place is known to be the canary's. `itself`: it was counted then, and alone.
    """
    begin = first - scrape
    if others is None or others + SETTLING <= begin:
        return dict.fromkeys(CountedAt, begin)
    return {CountedAt.RUNTIME: others + SETTLING if itself else begin}


def behind(route: Mapping[str, Any]) -> Answer[Mapping[int, str]]:
    """Return the revision behind each backend, by its place in the rule that counts.

    A place that is lent to a revision beside its own counts as empty: next to nothing comes there.
    """
    if not is_taken(route):
        generation = route["metadata"].get("generation", 0)
        return NoData(f"the gateway has not taken generation {generation} of the route yet")
    rules = route["spec"].get("rules") or ()
    if len(rules) <= COUNTED_RULE:
        return NoData(f"the route has no rule {COUNTED_RULE}, which runs the model")
    backends = rules[COUNTED_RULE].get("backendRefs") or ()
    by_weight = sorted(enumerate(backends), key=lambda one: int(one[1].get("weight", 1)))
    own = {str(backend["name"]): place for place, backend in by_weight}  # the last one has most
    return Value({place: name for name, place in sorted(own.items(), key=lambda one: one[1])})


def is_taken(route: Mapping[str, Any]) -> bool:
    """Tell whether every gateway has read the route as it is."""
    parents = route.get("status", {}).get("parents") or ()
    generation = route["metadata"].get("generation", 0)
    return bool(parents) and all(_taken(parent) >= generation for parent in parents)


def _taken(parent: Mapping[str, Any]) -> int:
    """Return the generation of the route that a gateway has read."""
    return max(
        (
            int(one.get("observedGeneration", 0))
            for one in parent.get("conditions") or ()
            if one.get("type") == "Accepted"
        ),
        default=-1,
    )
