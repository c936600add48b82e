"""What is not the same at all times: exclusions leave less that may fail, and schedules bring pods."""

from __future__ import annotations

from fractions import Fraction

import pytest

from paddle_operator.reasons import Reason
from paddle_operator.sla.feasibility import sum_lines
from tests.operator.given import Resource, a_resource
from tests.operator.sla.test_feasibility import QUICK, about, exactly, figure, looked_at, measured, up


def closed(schedule: str, minutes: int, zone: str = "UTC") -> Resource:
    one = {"name": "closed", "schedule": schedule, "durationMinutes": minutes, "timeZone": zone}
    return a_resource().with_("spec.sla.exclusions", [one])


def test_only_a_share_of_the_time_that_counts_may_fail() -> None:
    """Of 30 days one hour a day counts, and 99.9 % of that is 108 s: one loss takes 81 s."""
    found = looked_at(closed("0 1 * * *", 23 * 60), QUICK)
    loss = about(found, "loss of a pod")
    assert figure(loss, "up lets fail") == 108
    assert "0.1 % of the 1 d 6 h of 30 days that count = 1 min 48 s" in "\n".join(sum_lines(found))
    assert "pays for 1 such loss in 30 days" in loss.result


def test_exclusions_that_leave_too_little_are_named_with_a_way_out() -> None:
    strict = closed("0 1 * * *", 23 * 60).with_("spec.sla.objectives", [up("99.99")])
    found = looked_at(strict, QUICK)
    assert found.reason is Reason.TOO_FEW_REPLICAS
    assert "let spec.sla.exclusions leave out less" in found.message
    assert looked_at(a_resource().promising(up("99.99")), QUICK).status == "True"


def test_a_single_failure_is_measured_by_the_requests_that_count() -> None:
    rare = measured(peak=exactly(Fraction(1, 600)))  # 4320 requests in 30 days, 180 of them in that hour
    found = looked_at(closed("0 1 * * *", 23 * 60).replicas(2).through("gw"), rare)
    assert found.reason is Reason.BUDGET_BELOW_ONE_REQUEST
    assert "the 1 d 6 h of 30 days that count have 180 requests" in found.message


@pytest.mark.parametrize(
    ("schedule", "minutes"), [("0 0 * * 0", 10_080), ("0 * * * *", 60), ("0 */6 * * *", 360)]
)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_exclusions_of_all_of_the_time_promise_nothing(schedule: str, minutes: int, zone: str) -> None:
    found = looked_at(closed(schedule, minutes, zone).replicas(2).through("gw"), QUICK)
    assert (found.status, found.reason) == ("False", Reason.NOTHING_PROMISED)
    assert "shorten durationMinutes in spec.sla.exclusions" in found.message


def test_pods_of_a_schedule_are_pods_that_there_can_be() -> None:
    day = {"name": "day", "start": "0 8 * * *", "durationHours": 12, "minReplicas": 5}
    peak = measured(peak=exactly(Fraction(34)))
    found = looked_at(a_resource().with_("spec.scaling.schedules", [day]), peak)
    assert "5 pods serve at least 40 requests/s" in found.message
    assert figure(about(found, "load"), "pods that there can be") == 5
    assert "the only pod" in found.message


def test_a_schedule_of_fewer_pods_changes_nothing_and_a_scaler_bounds_it() -> None:
    night = {"name": "night", "start": "0 8 * * *", "durationHours": 12, "minReplicas": 2}
    for resource, most in ((a_resource().replicas(3), 3), (a_resource().scaled(maxReplicas=4), 4)):
        found = looked_at(resource.with_("spec.scaling.schedules", [night]))
        assert figure(about(found, "load"), "pods that there can be") == most
