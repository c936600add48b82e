"""What a gateway's proxies tell, as counters: zeros before a class, several proxies, what says nothing."""

from __future__ import annotations

import re

import pytest

from paddle_operator.sla.answer import Failed, NoData, Value
from paddle_operator.sla.gateway import attempts, clusters, counters, gateway_attempts, gateway_requests
from paddle_operator.sla.intervals import Spans
from paddle_operator.sla.outcomes import Tally, outcomes
from paddle_operator.sla.reading import Reading, counted
from paddle_operator.sla.series import Sample, Series, label
from paddle_operator.sla.unknown import Cause, Unknown, time_of
from tests.operator.sla import counters as given
from tests.operator.sla.counters import SCRAPING, at, known, span
from tests.operator.sla.proxies import Proxy

WHOLE = span(0, 100)
SCRAPES = tuple(range(5, 96, 15))


def answered(*series: Series) -> Tally:
    """All that is counted of what the proxies tell."""
    found = given.counted(*counters(series), observed=WHOLE)
    return known(outcomes(found, Spans((WHOLE,))))["gateway"].tally


def proxy(*events: tuple[float, str]) -> Proxy:
    return Proxy((0,), events, SCRAPES)


def test_each_class_is_an_outcome_and_a_retried_request_is_one() -> None:
    events = [(6 + place, digit) for place, digit in enumerate("2223445")]
    assert answered(*proxy(*events).series()) == Tally(good=4, bad=1)


def test_the_first_failures_of_all_are_counted_from_zero() -> None:
    assert answered(*proxy((31, "5"), (32, "5")).series()).bad == 2


def test_what_was_there_at_the_first_scrape_is_a_baseline() -> None:
    assert answered(*proxy((1, "2"), (2, "5"), (70, "5")).series()).bad == 1


def test_proxies_and_clusters_add_up() -> None:
    other = "httproute/prod/calm/rule/0/backend/1"
    both = (*proxy((31, "5")).series("envoy-a"), *proxy((31, "5"), (46, "2")).series("envoy-b"))
    assert answered(*both, *proxy((20, "2")).series("envoy-a", other)) == Tally(good=2, bad=2)


def test_time_without_requests_is_known_time() -> None:
    found = given.counted(*counters(proxy().series()), observed=WHOLE)
    assert time_of(found.unknown) == Spans((span(0, 5),)), "but for what was before the first scrape"


def test_a_class_of_another_scrape_than_the_witness_is_a_baseline() -> None:
    """As where one server's answer is put together from two that scrape at different times."""
    one, *_ = proxy().series()
    late = Series(
        frozenset({("__name__", "envoy_cluster_upstream_rq_xx"), ("envoy_response_code_class", "5")})
        | {pair for pair in one.labels if pair[0] != "__name__"},
        tuple(Sample(at(second), 1000.0 + second) for second in (33, 48, 63)),
    )
    assert answered(one, late).bad == 30


def test_a_proxy_that_is_scraped_twice_is_wrong_and_one_with_two_clusters_is_not() -> None:
    def reading(*series: Series) -> Reading:
        return Reading(WHOLE, Value(counters(series)), NoData("none"), NoData("none"))

    first = tuple(proxy((31, "5")).series())
    other = tuple(proxy((31, "5")).series(cluster="httproute/prod/calm/rule/0/backend/1"))
    known(counted(reading(*first, *other), SCRAPING))
    again = (Series(one.labels | {("job", "second")}, one.samples) for one in first)
    twice = counted(reading(*first, *again), SCRAPING)
    assert isinstance(twice, Failed)
    assert "scraped twice" in twice.why
    assert "envoy-a rule/0/backend/0" in twice.why


def test_without_a_label_pod_a_proxy_is_its_address() -> None:
    pod, instance = ("pod", "envoy-a"), ("instance", "10.0.0.7:19001")
    series = proxy((31, "5")).series()
    made = counters(Series(one.labels - {pod} | {instance}, one.samples) for one in series)
    assert {label(one.labels, "pod") for one in made} == {"10.0.0.7:19001 rule/0/backend/0"}


@pytest.mark.parametrize(
    ("cluster", "ours"),
    [
        ("httproute/prod/calm/rule/0/backend/0", True),
        ("httproute/prod/calm/rule/0", True),
        ("httproute/prod/calm/rule/1/backend/0", False),
        ("httproute/prod/calm-2/rule/0/backend/0", False),
        ("httproute/other/calm/rule/0/backend/0", False),
        ("httproute/prod/calm/rule/0/backend/0-mirror", False),
    ],
)
def test_only_the_clusters_of_the_rule_for_models_are_asked_for(cluster: str, ours: bool) -> None:
    assert bool(re.fullmatch(clusters("prod", "calm"), cluster)) is ours
    assert f'envoy_cluster_name=~"{clusters("prod", "calm")}"' in gateway_requests("prod", "calm")


def restarted(*events: tuple[float, str]) -> Proxy:
    """A proxy whose process begins anew at 40, between the scrapes at 35 and 50."""
    return Proxy((0, 40), events, SCRAPES)


def test_a_class_that_has_passed_its_old_value_counts_whole_where_all_together_have_fallen() -> None:
    before = [*((6 + place / 10, "2") for place in range(10)), (7.5, "5")]
    assert answered(*restarted(*before, (41, "5"), (42, "5"), (43, "5")).series()) == Tally(good=10, bad=4)


def test_a_class_that_is_seen_again_after_the_others_is_no_second_restart() -> None:
    before = [(6 + place / 10, "4") for place in range(4)]
    assert answered(*restarted(*before, (41, "2"), (42, "2"), (66, "4")).series()).good == 2


def test_what_a_restart_may_have_lost_is_unknown_since_the_counters_were_last_seen() -> None:
    proxy = restarted((6, "2"), (7, "2"), (36, "2"), (66, "2"))
    found = given.counted(*counters(proxy.series()), observed=WHOLE)
    assert Unknown(span(35, 80), Cause.RESET, "envoy-a rule/0/backend/0") in found.unknown
    assert answered(*proxy.series()).good == 3


def by_revision(*series: Series, behind: dict[int, str]) -> dict[str, Tally]:
    """All attempts that are counted of what the proxies tell."""
    found = given.counted(*attempts(series, behind), observed=WHOLE)
    return {name: one.tally for name, one in known(outcomes(found, Spans((WHOLE,)))).items()}


def test_an_attempt_that_another_one_followed_is_bad_whatever_came_of_its_request() -> None:
    retried = tuple(proxy((31, "retry"), (32, "retry"), (33, "2"), (34, "4"), (35, "5")).series())
    assert by_revision(*retried, behind={0: "calm-1"}) == {"calm-1": Tally(good=1, bad=3)}
    assert answered(*retried).total == 4, "where they are asked for: what callers got has them not among it"
    assert "rq_retry" in gateway_attempts("prod", "calm")
    assert "rq_retry" not in gateway_requests("prod", "calm")


def test_attempts_are_those_of_the_revision_behind_the_backend() -> None:
    other = "httproute/prod/calm/rule/0/backend/1"
    both = (*proxy((31, "2")).series(), *proxy((31, "5"), (46, "2")).series(cluster=other))
    assert by_revision(*both, behind={0: "calm-1", 1: "calm-2"}) == {
        "calm-1": Tally(good=1),
        "calm-2": Tally(good=1, bad=1),
    }
    assert by_revision(*both, behind={1: "calm-1"}) == {"calm-1": Tally(good=1, bad=1)}


def test_a_cluster_of_all_backends_tells_of_no_revision() -> None:
    shared = proxy((31, "2")).series(cluster="httproute/prod/calm/rule/0")
    assert attempts(shared, {0: "calm-1"}) == ()
