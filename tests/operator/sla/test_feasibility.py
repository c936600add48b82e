"""Whether a promise can be kept: what says no, what is only not measured, and what would make it yes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from paddle_operator.plan.means import means_of
from paddle_operator.reasons import Reason
from paddle_operator.sla.feasibility import Feasibility, feasibility, sum_lines
from paddle_operator.sla.figures import Origin
from paddle_operator.sla.means import NOTHING_KNOWN, Finding, Known, Rate, Unhurried
from tests.operator.given import Resource, a_resource, a_service


def exactly(rate: Fraction) -> Rate:
    return Rate(rate, rate)


QUICK = Known(
    load_seconds=Fraction(4),
    answers=Unhurried(1000, 20, ((100, 300), (200, 990), (500, 1000))),
    capacity=Rate(Fraction(8), Fraction(11)),
    peak=exactly(Fraction(7)),
)
"""Everything is measured, and all of it is well."""


def up(percent: str) -> dict[str, Any]:
    return {"name": "up", "availability": {"targetPercent": percent}}


def fast(percentile: str, milliseconds: int, name: str = "fast") -> dict[str, Any]:
    return {"name": name, "latency": {"percentile": percentile, "thresholdMilliseconds": milliseconds}}


def errors(percent: str) -> dict[str, Any]:
    return {"name": "errors", "errorRate": {"maxPercent": percent}}


def looked_at(resource: Resource, known: Known = NOTHING_KNOWN, *, envoy_gateway: bool = True) -> Feasibility:
    service = a_service(resource)
    return feasibility(service.spec.sla, means_of(service, envoy_gateway=envoy_gateway), known)


def measured(**changed: Any) -> Known:
    """The quick one, but for this."""
    fields = {name: getattr(QUICK, name) for name in QUICK.__dataclass_fields__}
    return Known(**{**fields, **changed})


def about(found: Feasibility, what: str) -> Finding:
    (one,) = [one for one in found.findings if one.about.startswith(what)]
    return one


def figure(finding: Finding, name: str) -> Fraction:
    (term,) = [term for term in finding.terms if term.name.startswith(name)]
    return term.figure.value


def test_what_is_measured_and_enough_is_feasible() -> None:
    found = looked_at(a_resource().promising(up("99.9"), fast("95", 200)).replicas(2), QUICK)
    assert (found.status, found.reason) == ("True", Reason.FEASIBLE)


def test_before_anything_is_measured_nothing_is_claimed() -> None:
    found = looked_at(a_resource().promising(up("99.9"), fast("95", 200)))
    assert (found.status, found.reason) == ("Unknown", Reason.MORE_TO_MEASURE)
    for what in ("load time", "the time that an answer takes", "a pod serves in time", "peak of the load"):
        assert what in found.message


# --- the loss of a pod


def test_the_only_pod_is_away_until_the_probes_the_kubelet_and_the_model_are_through() -> None:
    loss = about(looked_at(a_resource(), QUICK), "loss of a pod")
    assert figure(loss, "the probes notice") == 10 * 3 + 2
    assert figure(loss, "the kubelet ends it") == 45
    assert figure(loss, "one loss costs") == 32 + 45 + 4
    assert figure(loss, "up lets fail") == 2592
    assert "pays for 32 such losses in 30 days" in loss.result


def test_one_loss_that_overspends_the_budget_is_infeasible_with_what_would_help() -> None:
    """99.999 % of 30 days is 25.9 s, and the probes alone take 32."""
    found = looked_at(a_resource().promising(up("99.999")))
    assert (found.status, found.reason) == ("False", Reason.TOO_FEW_REPLICAS)
    assert "25 s of 30 days" in found.message
    assert "set spec.scaling.replicas to 2 or more" in found.message
    assert "set the target of up to 99.997 or less" in found.message


def test_every_way_out_that_is_named_is_one() -> None:
    tight = a_resource().promising(up("99.999")).with_("spec.probes.periodSeconds", 60)
    found = looked_at(tight, QUICK)
    assert found.reason is Reason.TOO_FEW_REPLICAS
    assert "on Envoy Gateway, which repeats requests, with 2 pods" in found.message
    replicas = int(found.message.split("spec.scaling.replicas to ")[1].split(" ")[0])
    target = found.message.split("set the target of up to ")[1].split(" ")[0]
    assert looked_at(tight.replicas(replicas), QUICK).status == "True"
    assert looked_at(tight.replicas(replicas - 1), QUICK).status == "False"
    assert looked_at(tight.replicas(2).through("gw"), QUICK).status == "True"
    assert looked_at(tight.with_("spec.sla.objectives", [up(target)]), QUICK).status == "True"


def test_a_load_time_that_decides_and_is_not_measured_is_no_reason_to_say_no() -> None:
    """99.99 % of 30 days is 259 s: enough for what is known, not for 300 s of loading."""
    close = a_resource().promising(up("99.99"))
    found = looked_at(close)
    assert found.status == "Unknown"
    assert "it must load within 3 min 2 s" in found.message
    assert looked_at(close, QUICK).status == "True"
    assert looked_at(close, measured(load_seconds=Fraction(183))).reason is Reason.TOO_FEW_REPLICAS


def test_of_several_pods_one_takes_its_share_of_the_requests_with_it() -> None:
    found = looked_at(a_resource().promising(up("99.999")).replicas(4), QUICK)
    loss = about(found, "loss of a pod")
    assert figure(loss, "one loss costs") == Fraction(32, 4)
    assert found.status == "True"
    assert "one lost pod of 4 fails 25 % of the requests for 32 s" in loss.result.lower()


def test_a_gateway_that_repeats_makes_the_loss_of_one_of_two_free() -> None:
    routed = a_resource().promising(up("99.9999")).replicas(2).through("gw")
    assert looked_at(routed, QUICK).status == "True"
    assert figure(about(looked_at(routed, QUICK), "loss of a pod"), "one loss costs") == 0
    assert looked_at(routed, QUICK, envoy_gateway=False).reason is Reason.TOO_FEW_REPLICAS


def test_no_request_is_longer_than_the_drain_of_the_pod_that_holds_it() -> None:
    means = means_of(a_service(), envoy_gateway=True)
    assert means.longest_request.value <= means.drain.value
    assert means.pre_stop.value + means.drain.value < means.ending.value


def test_a_promise_without_availability_says_nothing_of_losses() -> None:
    found = looked_at(a_resource().promising(fast("95", 200)), QUICK)
    assert not [one for one in found.findings if one.about.startswith("loss")]


def test_the_strictest_availability_decides() -> None:
    loose = {"name": "loose", "availability": {"targetPercent": "90"}}
    found = looked_at(a_resource().promising(loose, up("99.999")))
    assert "up lets 25 s" in found.message


def test_a_single_pod_is_told_what_a_drained_node_costs() -> None:
    found = looked_at(a_resource(), QUICK)
    assert "a drained node ends the only pod" in found.message.lower()
    assert found.status == "True"
    assert "drained node" not in looked_at(a_resource().replicas(2), QUICK).message


def test_pods_on_one_node_are_a_remark_and_no_verdict() -> None:
    together = measured(nodes=("n1", "n1"))
    found = looked_at(a_resource().replicas(2), together)
    assert found.status == "True"
    assert "All 2 pods run on node n1" in found.message
    assert "run on node" not in looked_at(a_resource().replicas(2), measured(nodes=("n1", "n2"))).message


# --- the start of a pod


def test_a_model_that_loads_longer_than_allowed_never_starts() -> None:
    found = looked_at(a_resource().replicas(2), measured(load_seconds=Fraction(301)))
    assert found.reason is Reason.STARTUP_BUDGET_TOO_SHORT
    assert "set spec.model.preload.timeoutSeconds to 452 or more" in found.message


def test_a_model_that_takes_most_of_it_is_a_remark() -> None:
    found = looked_at(a_resource().replicas(2), measured(load_seconds=Fraction(200)))
    assert found.status == "True"
    assert "a busy node can exceed that" in found.message


# --- the time of an answer


def test_answers_slower_than_the_threshold_without_waiting_are_infeasible_whatever_the_replicas() -> None:
    slow = measured(answers=Unhurried(1000, 50, ((200, 600), (500, 999))))
    found = looked_at(a_resource().promising(fast("95", 200)).replicas(100), slow)
    assert found.reason is Reason.THRESHOLD_BELOW_SERVICE_TIME
    assert "whatever the number of pods" in found.message
    assert "set its thresholdMilliseconds to 500" in found.message


def test_who_waited_is_no_proof_that_the_model_is_slow() -> None:
    """40 % were late, and as many had to wait: with more pods all of them might be in time."""
    queued = measured(answers=Unhurried(1000, 400, ((200, 600), (500, 999))))
    found = looked_at(a_resource().promising(fast("95", 200)).replicas(2), queued)
    assert found.status == "Unknown"
    assert "more exactly" in found.message


@pytest.mark.parametrize(
    "answers",
    [None, Unhurried(29, 0, ((200, 0),)), Unhurried(1000, 0, ((100, 0), (500, 1000)))],
    ids=["none", "few", "another promise's boundaries"],
)
def test_too_few_answers_say_nothing(answers: Unhurried | None) -> None:
    found = looked_at(a_resource().promising(fast("95", 200)).replicas(2), measured(answers=answers))
    assert found.status == "Unknown"


# --- the load


def test_a_load_above_all_that_there_can_be_is_infeasible() -> None:
    found = looked_at(a_resource().replicas(3), measured(peak=exactly(Fraction(34))))
    assert found.reason is Reason.LOAD_EXCEEDS_CAPACITY
    assert "3 pods serve at most 33 requests/s" in found.message
    assert "set spec.scaling.replicas to 5 or more" in found.message
    assert looked_at(a_resource().replicas(5), measured(peak=exactly(Fraction(34)))).status == "True"


def test_a_load_within_what_is_uncertain_is_neither() -> None:
    found = looked_at(a_resource().replicas(3), measured(peak=exactly(Fraction(30))))
    assert found.status == "Unknown"
    assert "more exactly" in found.message


def test_a_peak_that_is_rounded_makes_no_difference_between_enough_and_too_little() -> None:
    rounded = measured(peak=Rate(Fraction(33), Fraction(34)))
    assert looked_at(a_resource().replicas(3), rounded).status == "Unknown"
    assert looked_at(a_resource().replicas(3), measured(peak=exactly(Fraction(34)))).status == "False"


def test_a_peak_that_the_others_do_not_carry_when_one_is_lost_is_a_remark() -> None:
    found = looked_at(a_resource().replicas(2), measured(peak=exactly(Fraction(16))))
    assert found.status == "True"
    assert "while one of 2 pods is lost" in found.message.lower()


def test_a_capacity_that_nothing_is_sure_of_divides_nothing_by_zero() -> None:
    unsure = measured(capacity=Rate(Fraction(0), Fraction(11)), peak=exactly(Fraction(34)))
    found = looked_at(a_resource().replicas(3), unsure)
    assert "set spec.scaling.replicas to 4 or more" in found.message


def test_a_window_with_too_few_requests_to_let_one_fail_is_infeasible() -> None:
    rare = measured(peak=exactly(Fraction(1, 6000)))  # 432 requests in 30 days
    found = looked_at(a_resource().replicas(2).promising(up("99.9")), rare)
    assert found.reason is Reason.BUDGET_BELOW_ONE_REQUEST
    assert "a single one that fails is more than up lets fail" in found.message
    assert "let 0.232 % of requests or more fail it" in found.message
    assert looked_at(a_resource().replicas(2).promising(up("99.768")), rare).status == "True"


def test_a_service_that_nobody_asks_anything_is_feasible() -> None:
    found = looked_at(a_resource().replicas(2), measured(peak=exactly(Fraction(0))))
    assert found.status == "True"


# --- objectives beside each other


def test_failures_that_another_objective_allows_and_latency_does_not_are_a_remark() -> None:
    found = looked_at(a_resource().replicas(2).promising(fast("99.9", 200), errors("0.5")), measured(
        answers=Unhurried(100_000, 0, ((200, 100_000),))
    ))  # fmt: skip
    assert found.status == "True"
    assert "0.1 % of them break fast, while errors lets 0.5 % fail" in found.message


@pytest.mark.parametrize(
    ("objectives", "loose"),
    [
        ((up("99.9"), {"name": "less", "availability": {"targetPercent": "99"}}), "less"),
        ((fast("99", 150), fast("95", 200, "less")), "less"),
        ((errors("1"), {"name": "less", "errorRate": {"maxPercent": "2"}}), "less"),
    ],
)
def test_an_objective_that_another_one_implies_adds_nothing(
    objectives: tuple[dict[str, Any], ...], loose: str
) -> None:
    found = looked_at(a_resource().replicas(2).promising(*objectives), QUICK)
    assert f"bjective {loose} adds nothing" in found.message


@pytest.mark.parametrize(
    "objectives",
    [
        (up("99.9"), fast("95", 200), errors("0.5")),
        (fast("99", 200), fast("95", 150, "other")),
        (up("99"), errors("0.5")),
    ],
)
def test_objectives_that_say_different_things_are_not_remarked_on(
    objectives: tuple[dict[str, Any], ...],
) -> None:
    found = looked_at(a_resource().replicas(2).promising(*objectives), QUICK)
    assert not [one for one in found.findings if "beside" in one.about]


# --- the whole answer


def test_a_no_comes_first_and_names_every_reason_and_a_way_out_of_each() -> None:
    bad = measured(load_seconds=Fraction(400), peak=exactly(Fraction(100)))
    found = looked_at(a_resource().promising(up("99.99")), bad)
    against = [one for one in found.findings if one.reason is not None]
    assert [one.reason for one in against] == [
        Reason.TOO_FEW_REPLICAS, Reason.STARTUP_BUDGET_TOO_SHORT, Reason.LOAD_EXCEEDS_CAPACITY,
    ]  # fmt: skip
    assert found.reason is Reason.TOO_FEW_REPLICAS
    assert all(one.remedy and one.remedy in found.message for one in against)


def test_every_figure_says_where_it_comes_from() -> None:
    given = a_resource().with_("spec.probes.periodSeconds", 5)
    terms = {term.name: term for one in looked_at(given, QUICK).findings for term in one.terms}
    assert terms["the probes notice"].figure.origin is Origin.GIVEN
    assert terms["loading may take"].figure.origin is Origin.DEFAULT
    assert terms["the kubelet ends it"].figure.origin is Origin.FIXED
    assert terms["the model is loaded again"].figure.origin is Origin.MEASURED
    unmeasured = about(looked_at(given), "loss")
    (load,) = [term for term in unmeasured.terms if term.name == "the model is loaded again"]
    assert load.figure.origin is Origin.BOUND


def test_a_default_that_is_written_out_is_still_the_default() -> None:
    """The API server writes every default into what it stores: the sum must not change by that."""
    written = a_resource().with_("spec.probes", {"periodSeconds": 10, "failureThreshold": 3})
    assert list(sum_lines(looked_at(written))) == list(sum_lines(looked_at(a_resource())))


def test_the_sum_is_written_line_by_line() -> None:
    lines = list(sum_lines(looked_at(a_resource(), QUICK)))
    assert lines[0] == "SLAFeasible: True (Feasible)"
    assert "    up lets fail: 0.1 % of 30 days = 43 min 12 s (given)" in lines
    assert "    the probes notice: 10 s x 3 + 2 s = 32 s (default)" in lines
    assert "    one serves in time, at least: 8 requests/s (measured)" in lines
