"""A broken second version under the default settings, ten times: how many callers it reaches."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from benchmarks.peers_rollout.__main__ import PER_SECOND, Series, measure, prepared
from benchmarks.peers_rollout.systems import OURS
from benchmarks.runtime_record import summary, write
from hack.cluster.progress import Progress
from hack.demo.embedded import embedded_site
from hack.e2e_site import CLUSTER

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]
RUNS = 10
LONGEST_SECONDS = 3000.0
MEDIAN_HIT, MOST_HIT, BACK_SECONDS = 10, 25, 60.0
DEFAULTS = OURS[0]


def test_a_broken_revision_reaches_few_callers_and_not_for_long(
    record_property: Callable[[str, object], None],
) -> None:
    """Few are hit because the first step's weight is small. How long it lasts is bounded by a look every
    15 s, a scrape every 5, and the first seconds of the proxies, which nobody counts. Whoever got no answer,
    or one of the gateway's own, is hit as well."""
    site = embedded_site(CLUSTER, Progress())
    series = Series(site, prepared(site, good=False), until=time.monotonic() + LONGEST_SECONDS)
    found = measure(series, [DEFAULTS], RUNS, together=2)[DEFAULTS.name]
    runs = found["runs"]
    hit = summary([run["callers_hit"] + run["failed_otherwise"] for run in runs])
    seconds = summary([run["seconds_to_rollback"] for run in runs])
    record_property("callers_hit", hit)
    record_property("seconds_to_rollback", seconds)
    write("rollback", {"requests_a_second": PER_SECOND, "callers_hit": hit, "seconds": seconds, **found})
    assert [run["rolled_back"] for run in runs] == [True] * RUNS
    assert hit["median"] <= MEDIAN_HIT
    assert hit["max"] <= MOST_HIT
    assert seconds["max"] <= BACK_SECONDS
