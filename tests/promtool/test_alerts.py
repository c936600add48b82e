"""When somebody is told, and when not: written-out scenarios, judged by promtool."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from paddle_operator.sla.runbooks import BURN as BURN_BOOK
from paddle_operator.status.promise import sla_met
from tests.operator.given import Resource, a_resource, a_service
from tests.operator.status.test_promise import counted_for
from tests.promtool.story import Phase, Story, restarted

BURN, SPENT = "PaddleSLABudgetBurn", "PaddleSLABudgetSpent"
MISSING, NOT_MEASURED = "PaddleSLAMetricsMissing", "PaddleSLAThresholdNotMeasured"
NONE_READY = "PaddleSLANoPodReady"
FAST = {"name": "fast", "latency": {"percentile": "99", "thresholdMilliseconds": 200}}
OF_UP, OF_FAST = (
    f'{{namespace="prod",service="ocr",objective="{name}",account="{account}"}}'
    for name, account in (("up", "requests"), ("fast", "latency-200"))
)
Tell = Callable[..., Story]


@pytest.fixture
def tell(tmp_path: Path) -> Tell:
    """A story of a service that promises 99.9 % over 30 days, or of another one."""
    return lambda resource=None: Story(resource or a_resource(), tmp_path)


def of_days(days: int, percent: str) -> Resource:
    up = {"name": "up", "availability": {"targetPercent": percent}}
    return a_resource().promising(up).with_("spec.sla.window", {"days": days})


def closed(schedule: str, minutes: int, zone: str) -> Resource:
    exclusion = {"name": "night", "schedule": schedule, "durationMinutes": minutes, "timeZone": zone}
    return a_resource().with_("spec.sla.exclusions", [exclusion])


def test_a_page_when_both_windows_burn_14_times_too_fast(tell: Tell) -> None:
    page = {"alertname": BURN, "severity": "page", "window": "1h", "objective": "up"}
    story = tell().pod("a", Phase(120, good=100), Phase(40, good=95, bad=5))
    # 5 % bad: 1.44 % of an hour's requests after 17 minutes
    story.quiet(130, **page).quiet(135, **page).firing(140, **page).firing(150, **page).ends()


def test_an_outage_is_told_of_in_three_minutes(tell: Tell) -> None:
    page = {"alertname": BURN, "severity": "page", "window": "1h"}
    story = tell().pod("a", Phase(120, good=100), Phase(10, bad=100))
    story.quiet(122, **page).firing(123.5, **page).ends()


def test_no_page_when_only_the_long_window_burns(tell: Tell) -> None:
    page = {"alertname": BURN, "severity": "page", "window": "1h"}
    story = tell().pod("a", Phase(60, good=100), Phase(30, good=95, bad=5), Phase(60, good=100))
    story.firing(89, **page).quiet(97, **page)
    burns = 'paddle_sla:burn_rate{window="1h"} > bool 14.4'
    labels = '{namespace="prod",service="ocr",objective="up",account="requests",window="1h"}'
    story.shows(97, burns, (labels, 1)).quiet(105, **page).ends()


def test_no_page_when_only_the_short_window_burns(tell: Tell) -> None:
    story = tell().pod("a", Phase(120, good=100), Phase(8, good=95, bad=5), Phase(10, good=100))
    labels = '{namespace="prod",service="ocr",objective="up",account="requests",window="5m"}'
    story.shows(127, 'paddle_sla:burn_rate{window="5m"} > bool 14.4', (labels, 1))
    story.quiet(127, alertname=BURN, window="1h").quiet(135, alertname=BURN, window="1h").ends()


def test_a_ticket_for_what_burns_slowly_and_no_page(tell: Tell) -> None:
    # 3 days: the ticket's windows are a tenth, 2.4 hours and 12 minutes
    story = tell(of_days(3, "99.9")).pod("a", Phase(200, good=2491, bad=9))
    story.firing(190, alertname=BURN, severity="ticket", window="2h24m")
    story.quiet(190, alertname=BURN, severity="page").ends()


def test_little_traffic_is_not_judged(tell: Tell) -> None:
    # one request a minute, every one bad: fewer than 20 in 5 minutes
    drops = [phase for _ in range(240) for phase in (Phase(0.25, bad=1), Phase(0.75))]
    story = tell().pod("a", *drops)
    story.quiet(120, alertname=BURN).quiet(230, alertname=BURN).ends()


def test_traffic_just_over_the_least_is_judged(tell: Tell) -> None:
    more = [phase for _ in range(240) for phase in (Phase(0.25, bad=5), Phase(0.75))]
    tell().pod("a", *more).firing(120, alertname=BURN, severity="page").ends()


def test_a_refusal_is_bad(tell: Tell) -> None:
    story = tell().pod("a", Phase(90, good=95, refused=5))
    story.firing(80, alertname=BURN, severity="page", window="1h").ends()


def test_what_the_caller_did_wrong_is_not(tell: Tell) -> None:
    story = tell().pod("a", Phase(90, good=50, invalid=50))
    story.quiet(80).shows(80, 'max(paddle_sla:burn_rate{window="1h"})', ("{}", 0)).ends()


def test_a_restart_is_no_failure(tell: Tell) -> None:
    life = (Phase(60, good=1000, bad=0), Phase(1, good=1000, bad=1), Phase(30, good=1000))
    story = tell().pod("a", *life, restarted(), *life, restarted(), *life).pod("b", *life, *life, *life)
    for minute in (91.25, 91.5, 92, 95, 120, 182, 183, 190):
        story.quiet(minute)
    story.ends()


def test_a_pod_that_leaves_and_one_that_comes_are_no_failures(tell: Tell) -> None:
    story = tell().pod("a", Phase(70, good=100)).pod("b", Phase(60, good=100), born=65)
    for minute in (66, 70, 75, 80, 120):
        story.quiet(minute)
    story.ends()


def test_a_service_without_metrics_is_told_of(tell: Tell) -> None:
    missing = {"alertname": MISSING, "severity": "page", "namespace": "prod", "service": "ocr"}
    story = tell().pod("a", Phase(30, good=100))
    story.quiet(30, **missing).quiet(40, **missing).firing(46, **missing).ends()


def test_a_service_that_was_never_measured_is_told_of(tell: Tell) -> None:
    tell().quiet(9, alertname=MISSING).firing(11, alertname=MISSING).ends()


def test_pods_of_which_none_is_ready_are_told_of_in_two_minutes(tell: Tell) -> None:
    page = {"alertname": NONE_READY, "severity": "page", "namespace": "prod", "service": "ocr"}
    story = tell().pod("a", Phase(30, good=100), Phase(90)).pod("b", Phase(30, good=100), Phase(90))
    story.ready("a", (30, True), (90, False)).ready("b", (40, True), (80, False))
    story.quiet(39, **page).quiet(41.5, **page).firing(43, **page).firing(110, **page)
    story.quiet(110, alertname=MISSING).ends()


def test_one_ready_pod_is_enough(tell: Tell) -> None:
    story = tell().pod("a", Phase(60, good=100)).pod("b", Phase(60))
    story.ready("a", (60, True)).ready("b", (60, False)).quiet(50, alertname=NONE_READY).ends()


def test_nothing_ready_in_an_exclusion_is_expected(tell: Tell) -> None:
    story = tell(closed("0 1 * * *", 60, "UTC")).ready("a", (60, True), (90, False))
    story.quiet(90, alertname=NONE_READY).firing(125, alertname=NONE_READY).ends()


def test_nobody_is_told_in_an_exclusion_nor_of_it_afterwards(tell: Tell) -> None:
    down = (Phase(60, good=100), Phase(60, bad=100), Phase(90, good=100))
    open_story = tell().pod("a", *down)
    open_story.firing(90, alertname=BURN).ends()
    story = tell(closed("0 1 * * 4", 60, "UTC")).pod("a", *down)
    for minute in (61, 65, 90, 119, 121, 124, 126, 130, 150, 200):
        story.quiet(minute)
    story.ends()


def test_an_exclusion_follows_the_clocks_of_its_zone(tell: Tell) -> None:
    down = (Phase(60, good=100), Phase(60, bad=100), Phase(30, good=100))
    story = tell(closed("0 9 * * *", 60, "Asia/Shanghai")).pod("a", *down)
    for minute in (61, 90, 119, 121, 140):
        story.quiet(minute)
    story.ends()


@pytest.mark.parametrize(
    ("schedule", "is_muted"),  # 1970-01-01, a Thursday
    [
        ("0 1 1-31/2 * *", True),
        ("0 1 2-30/2 * *", False),
        ("0 1 * * 0,2,4", True),
        ("0 1 * * 1,3,5", False),
        ("0 1 2-30/2 * 1,3,4", True),
        ("0 1 3-31/2 1-12/2 1,3,5", False),
    ],
)
def test_days_that_do_not_follow_each_other_are_known(tell: Tell, schedule: str, is_muted: bool) -> None:
    story = tell(closed(schedule, 60, "UTC")).pod("a", Phase(60, good=100), Phase(60, bad=100))
    (story.quiet if is_muted else story.firing)(90, alertname=BURN).ends()


def test_what_fails_after_an_exclusion_is_told_of(tell: Tell) -> None:
    story = tell(closed("0 1 * * *", 30, "UTC")).pod("a", Phase(60, good=100), Phase(90, bad=100))
    story.quiet(89, alertname=BURN).firing(110, alertname=BURN, severity="page", window="1h").ends()


def test_missing_metrics_in_an_exclusion_are_expected(tell: Tell) -> None:
    story = tell(closed("0 1 * * *", 60, "UTC")).pod("a", Phase(60, good=100))
    story.quiet(90, alertname=MISSING).quiet(119, alertname=MISSING).firing(135, alertname=MISSING).ends()


def test_a_slow_answer_is_bad_for_the_latency(tell: Tell) -> None:
    page = {"alertname": BURN, "objective": "fast", "severity": "page", "window": "1h"}
    story = tell(a_resource().promising(FAST)).pod("a", Phase(120, good=100, slow=20), boundary="0.2")
    story.firing(110, **page).ends()
    story = tell(a_resource().promising(FAST)).pod("a", Phase(120, good=1000, slow=5), boundary="0.2")
    story.quiet(110).ends()


def test_an_edited_threshold_makes_no_alarm_and_is_watched_from_then_on(tell: Tell) -> None:
    story = tell(a_resource().promising(FAST))
    story.pod("a", Phase(90, good=1000), Phase(60, good=1000, slow=400), boundary="0.2", known=60)
    story.pod("b", Phase(90, good=1000), Phase(60, good=1000, slow=400), boundary="0.2", known=62)
    for minute in (60.5, 61, 62.5, 63, 65, 67.5, 70, 89):
        story.quiet(minute, alertname=BURN)
    story.shows(66, 'paddle_sla:burn_rate{window="1h"}')
    story.shows(75, 'max(paddle_sla:burn_rate{window="1h"})', ("{}", 0))
    story.firing(130, alertname=BURN, objective="fast", severity="page").ends()


def recorded_before(story: Story, account: str, good: int) -> Story:
    """Another promise of the same name was recorded for an hour, with so many of 100 requests good."""
    mine = f'{{{story.labels},objective="fast",account="{account}"}}'
    for metric, rate in (("good", good), ("total", 100)):
        story.add(f"paddle_sla:{metric}:rate{mine}", f"{rate}x240 stale")
    return story


@pytest.mark.parametrize("account", ["latency-100", "requests", "gateway"])
def test_an_edited_objective_is_not_judged_by_what_the_old_one_counted(tell: Tell, account: str) -> None:
    good = recorded_before(tell(a_resource().promising(FAST)), account, good=0)
    good.pod("a", Phase(120, good=100), boundary="0.2", born=60)
    good.quiet(70).quiet(100).shows(100, "paddle_sla:budget_remaining + 0", (OF_FAST, 1)).ends()
    bad = recorded_before(tell(a_resource().promising(FAST)), account, good=100)
    bad.pod("a", Phase(120, good=100, slow=2), boundary="0.2", born=60)
    bad.firing(100, alertname=SPENT, objective="fast").ends()


def test_pods_that_do_not_measure_the_threshold_are_told_of(tell: Tell) -> None:
    story = tell(a_resource().promising(FAST)).pod("a", Phase(60, good=100), boundary="0.2")
    story.pod("b", Phase(60, good=100)).quiet(14, alertname=NOT_MEASURED)
    story.firing(17, alertname=NOT_MEASURED, objective="fast", severity="ticket").ends()


@pytest.mark.parametrize(
    ("milliseconds", "boundary"), [(1000, "1.0"), (1000, "1"), (1500, "1.5"), (5, "0.005")]
)
def test_a_boundary_is_known_however_it_is_written(tell: Tell, milliseconds: int, boundary: str) -> None:
    promised = {"name": "fast", "latency": {"percentile": "99", "thresholdMilliseconds": milliseconds}}
    story = tell(a_resource().promising(promised)).pod("a", Phase(60, good=100), boundary=boundary)
    mine = OF_FAST.replace("200", f"{milliseconds}")
    story.quiet(59).shows(59, "paddle_sla:good:rate > bool 0", (mine, 1)).ends()


def test_a_spent_budget_is_told_of_once_there_are_requests_enough(tell: Tell) -> None:
    spent = {"alertname": SPENT, "severity": "ticket", "objective": "up"}
    # 2 % bad of 99 %
    story = tell(of_days(3, "99")).pod("a", Phase(30, good=98, bad=2))
    story.quiet(4, **spent).firing(20, **spent).ends()


@pytest.mark.parametrize(
    ("good", "bad"), [(0, 12), (0, 24), (30, 0), (30, 1), (30, 4), (100, 1), (400, 2), (400, 6), (60, 60)]
)
def test_the_alert_and_the_status_judge_alike(tell: Tell, good: int, bad: int) -> None:
    """The same requests, told to Prometheus in two minutes and counted by the operator."""
    resource = of_days(3, "99")
    spread = [
        Phase(0.25, good=good // 2, bad=bad // 2 + bad % 2),
        Phase(1.5),
        Phase(0.25, good - good // 2, bad // 2),
    ]
    broken = sla_met(counted_for(a_service(resource).spec.sla, good, bad)).status == "False"
    story = tell(resource).pod("a", Phase(5), *spread, Phase(30))
    (story.firing if broken else story.quiet)(25, alertname=SPENT).ends()


def test_a_budget_half_spent_is_half_there(tell: Tell) -> None:
    story = tell(of_days(3, "99")).pod("a", Phase(60, good=199, bad=1))
    story.shows(50, "round(paddle_sla:budget_remaining, 0.01)", (OF_UP, 0.5)).ends()


def test_a_new_month_has_a_new_budget(tell: Tell) -> None:
    # In New York 1970 begins at 5:00 UTC.
    month = {"type": "Calendar", "timeZone": "America/New_York"}
    resource = of_days(30, "99").with_("spec.sla.window", month)
    story = tell(resource).pod("a", Phase(300, good=96, bad=4), Phase(60, good=100))
    story.firing(290, alertname=SPENT).quiet(345, alertname=SPENT)
    left = 'round(paddle_sla:budget_remaining{month="1"}, 0.1)'
    story.shows(355, f"sum without (month) ({left})", (OF_UP, 1)).ends()


def test_what_an_alert_says(tell: Tell) -> None:
    story = tell(a_resource().with_("spec.alerting", {"labels": {"team": "ocr"}}))
    story.pod("a", Phase(60, good=90, bad=10))
    story.alerts.append(
        {
            "eval_time": "59m",
            "alertname": BURN,
            "exp_alerts": [
                {
                    "exp_labels": {
                        "namespace": "prod",
                        "service": "ocr",
                        "objective": "up",
                        "account": "requests",
                        "severity": severity,
                        "window": window,
                        "team": "ocr",
                    },
                    "exp_annotations": {
                        "summary": (
                            f"prod/ocr: objective up spends its budget more than {factor} times too fast"
                        ),
                        "description": (
                            "Promised: 99.9 % of requests answered, over 30 days. Over "
                            f"{window} 100 times as many requests were bad as the promise allows, and over "
                            f"{short} also more than {factor} times: at that rate a whole budget lasts "
                            f"{lasts}."
                        ),
                        "action": BURN_BOOK.first.format(namespace="prod", name="ocr"),
                        "runbook_url": "https://example.com/budget-burn.md",
                    },
                }
                for severity, window, short, factor, lasts in (
                    ("page", "1h", "5m", "14.4", "2d2h"),
                    ("page", "6h", "30m", "6", "5d"),
                    ("ticket", "1d", "2h", "3", "10d"),
                    ("ticket", "3d", "6h", "1", "30d"),
                )
            ],
        }
    )
    story.ends()


def test_an_outage_of_every_pod_is_told_of_by_what_the_gateway_counts(tell: Tell) -> None:
    page = {"alertname": BURN, "severity": "page", "window": "1h", "objective": "up"}
    story = tell().proxy("envoy-a", Phase(120, good=100), Phase(10, bad=100)).pod("a", Phase(120, good=100))
    story.quiet(122, **page).firing(123.5, **page).ends()


def test_a_gateway_that_never_had_a_good_answer_is_told_of(tell: Tell) -> None:
    tell().proxy("envoy-a", Phase(90, bad=100)).firing(80, alertname=BURN, severity="page").ends()


def test_proxies_add_up_and_what_counts_nowhere_is_not_among_it(tell: Tell) -> None:
    story = tell().proxy("envoy-a", Phase(90, good=95, bad=2, invalid=70)).proxy("envoy-b", Phase(90, bad=3))
    story.proxy("envoy-a", Phase(90, bad=1000), rule=1)
    at_gateway = OF_UP.replace("requests", "gateway")
    story.shows(60, "round(paddle_sla:good:rate * 15)", (at_gateway, 95))
    story.shows(60, "round(paddle_sla:total:rate * 15)", (at_gateway, 100)).ends()


def test_only_availability_is_counted_at_the_gateway(tell: Tell) -> None:
    errors = {"name": "errors", "errorRate": {"maxPercent": "1"}}
    story = tell(a_resource().promising(errors)).pod("a", Phase(90, good=90, bad=10))
    story.proxy("envoy-a", Phase(90, good=100))
    of_errors = OF_UP.replace('"up"', '"errors"')
    story.shows(60, "round(paddle_sla:good:rate * 15)", (of_errors, 90)).ends()
