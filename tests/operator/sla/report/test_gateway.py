"""Availability in a report: the gateway's where it was counted there, put down to revisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from paddle_operator.sla.outcomes import Tally
from paddle_operator.spec.report import CountedAt
from tests.operator.sla.counters import span
from tests.operator.sla.proxies import Proxy
from tests.operator.sla.report.reporting import HOUR, reported, shares, steady, the
from tests.operator.sla.traffic import Pod, every, scrapes


def behind_a_proxy(*, outage: tuple[int, int], revision: str = "r1") -> tuple[Pod, Proxy]:
    """An hour of one request every ten seconds, which the pod answers except in an outage."""
    begins, ends = outage
    times = [float(event.at) for event in every(10, 1, HOUR)]
    pod = Pod(
        "a",
        revision,
        (-30, ends),
        tuple(one for one in scrapes(-15, HOUR + 60) if not begins <= one <= ends),
        tuple(event for event in every(10, 1, HOUR) if not begins <= event.at <= ends),
    )
    classes = tuple((time, "5" if begins <= time <= ends else "2") for time in times)
    return pod, Proxy((-20,), classes, scrapes(-12, HOUR + 60))


@pytest.mark.parametrize("cuts", [(), (900, 1800), (1212,)], ids=["at once", "in pages", "cut in the outage"])
def test_availability_is_the_gateways_and_an_outage_of_every_pod_is_counted(cuts: Sequence[float]) -> None:
    pod, proxy = behind_a_proxy(outage=(1200, 1500))
    report = reported([pod], span(0, HOUR), cuts=cuts, gateway=[proxy])
    up, fast = the(report, "up"), the(report, "fast")
    bad = sum(digit == "5" for _, digit in proxy.events)
    assert (up.source, fast.source) == (CountedAt.GATEWAY, CountedAt.RUNTIME)
    assert (up.total - up.good, up.total) == (bad, len(proxy.events))
    assert up.unknown_seconds == 0
    assert fast.unknown_seconds >= 300
    assert shares(up) == {"r1": Tally(up.good, bad)}
    assert sum(its.bad[1] for its in up.timeline.revisions) == bad


def test_what_the_gateway_counted_is_put_down_to_the_revision_that_handled_most_then() -> None:
    before, after = steady("a", "r1"), steady("b", "r2")
    first = replace(before, scrapes=scrapes(-15, 1790), events=tuple(e for e in before.events if e.at < 1790))
    then = replace(
        after,
        lives=(1770,),
        scrapes=scrapes(1785, HOUR + 60),
        events=tuple(e for e in after.events if e.at > 1800),
    )
    times = [float(event.at) for event in every(10, 1, HOUR)]
    proxy = Proxy((-20,), tuple((t, "5" if t > 3000 else "2") for t in times), scrapes(-12, HOUR + 60))
    up = the(reported([first, then], span(0, HOUR), gateway=[proxy]), "up")
    found = shares(up)
    assert found.keys() == {"r1", "r2"}
    assert found["r1"].bad == 0
    assert found["r2"].bad == sum(t > 3000 for t in times)
