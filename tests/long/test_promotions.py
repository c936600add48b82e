"""Promotion after promotion under load: no caller gets an error while shares and places change."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hack.cluster.api import ClusterInfo
from hack.cluster.progress import Progress
from hack.demo.embedded import embedded_site
from hack.e2e_site import CLUSTER
from tests.e2e.load import Steady
from tests.e2e.rollouts import ANYWAY, changed, promising, request_to, serving, weights
from tests.e2e.testbed import Testbed

pytestmark = [pytest.mark.long, pytest.mark.timeout(2400)]
NAMESPACE, NAME = "promotions", "again"
PROMOTIONS = 10
PER_SECOND = 100.0


def test_no_request_fails_in_ten_promotions_at_a_hundred_requests_a_second(
    record_property: Callable[[str, object], None],
) -> None:
    """A proxy that hears of weights before it knows a cluster answers with 500: this often it would show."""
    site = Testbed(embedded_site(CLUSTER, Progress()), ClusterInfo(CLUSTER))
    kube = site.kube(NAMESPACE)
    kube.delete("namespace", NAMESPACE)
    site.site.make_namespace(NAMESPACE)
    resource = promising(NAME, budgetPolicy=ANYWAY, bake={"durationMinutes": 1})
    serves = [serving(site, kube, resource)]
    with Steady(request_to(site, NAME), per_second=PER_SECOND) as load:
        for number in range(PROMOTIONS):
            kube.apply(changed(resource, queue={"maxRequests": 500 + number}).body)
            kube.wait_condition(NAME, "RolloutComplete", "False", reason="Baking", timeout=300)
            kube.wait_condition(NAME, "RolloutComplete", "True", timeout=200)
            serves += weights(kube, NAME)
            print(f"promotion {number + 1}: {dict(load.outcomes.counts)}", flush=True)
    failed = [(round(at, 1), result) for at, result in load.outcomes.failed]
    record_property("requests", len(load.outcomes.results))
    record_property("failed", failed)
    kube.delete("namespace", NAMESPACE, "--wait=false")
    assert len(set(serves)) == PROMOTIONS + 1
    assert failed == []
