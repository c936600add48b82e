"""Whatever is promised: a no names ways out that are ways out, and what is not measured never makes a no."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from paddle_operator.plan.means import means_of
from paddle_operator.reasons import Reason
from paddle_operator.sla.feasibility import Feasibility, feasibility
from paddle_operator.sla.means import Known, Rate, Unhurried
from tests.operator.given import Resource, a_resource, a_service

RATES = st.fractions(Fraction(1, 10), 200, max_denominator=10)
PERCENTS = st.decimals("50.001", "99.9999", places=4).map(str)


@st.composite
def resources(draw: st.DrawFn) -> Resource:
    objectives = [
        {"name": "up", "availability": {"targetPercent": draw(PERCENTS)}},
        {"name": "fast", "latency": {"percentile": draw(PERCENTS), "thresholdMilliseconds": 200}},
    ]
    made = a_resource().promising(*draw(st.sampled_from([objectives, objectives[:1], objectives[1:]])))
    made = made.with_("spec.sla.window", {"type": "Rolling", "days": draw(st.integers(1, 90))})
    minutes = draw(st.sampled_from([0, 30, 1380, 1440]))
    if minutes:
        nightly = {"name": "nightly", "schedule": "0 1 * * *", "durationMinutes": minutes}
        made = made.with_("spec.sla.exclusions", [nightly])
    period = draw(st.integers(1, 300))
    probes = {
        "periodSeconds": period,
        "failureThreshold": draw(st.integers(1, 20)),
        "timeoutSeconds": min(period, draw(st.integers(1, 60))),
    }
    made = made.with_("spec.probes", probes).replicas(draw(st.integers(1, 12)))
    return made.through("gw") if draw(st.booleans()) else made


@st.composite
def all_known(draw: st.DrawFn) -> Known:
    total = draw(st.integers(1, 10_000))
    in_time = draw(st.integers(0, total))
    low, peak = draw(RATES), draw(RATES)
    return Known(
        load_seconds=draw(st.fractions(0, 1000, max_denominator=10)),
        answers=Unhurried(total, draw(st.integers(0, total)), ((200, in_time), (400, total))),
        capacity=Rate(low, low + draw(RATES)),
        peak=Rate(peak, peak + draw(RATES)),
    )


def judged(resource: Resource, known: Known) -> Feasibility:
    service = a_service(resource)
    return feasibility(service.spec.sla, means_of(service, envoy_gateway=True), known)


def reasons(found: Feasibility) -> set[Reason]:
    return {one.reason for one in found.findings if one.reason is not None}


def named(found: Feasibility, before: str) -> str | None:
    match = re.search(re.escape(before) + r"([0-9.]*[0-9])", found.message)
    return match[1] if match else None


@given(resources(), all_known())
@settings(max_examples=150)
def test_every_number_that_a_no_names_takes_its_reason_away(resource: Resource, known: Known) -> None:
    found = judged(resource, known)
    if Reason.TOO_FEW_REPLICAS in reasons(found):
        target = named(found, "set the target of up to ")
        if target is not None:
            lower = [{"name": "up", "availability": {"targetPercent": target}}]
            again = judged(resource.with_("spec.sla.objectives", lower), known)
            assert Reason.TOO_FEW_REPLICAS not in reasons(again)
    if Reason.STARTUP_BUDGET_TOO_SHORT in reasons(found):
        longer = int(named(found, "preload.timeoutSeconds to ") or 0)
        again = judged(resource.with_("spec.model.preload", {"timeoutSeconds": longer}), known)
        assert Reason.STARTUP_BUDGET_TOO_SHORT not in reasons(again)
    for reason in {Reason.TOO_FEW_REPLICAS, Reason.LOAD_EXCEEDS_CAPACITY} & reasons(found):
        remedies = [one.remedy for one in found.findings if one.reason is reason]
        pods = [re.findall(r"spec\.scaling\.replicas to (\d+) or more", one) for one in remedies]
        if all(pods):  # there is no such number where even the most pods would not do
            most = max(int(number) for numbers in pods for number in numbers)
            assert reason not in reasons(judged(resource.replicas(most), known))


@given(resources(), all_known(), st.sets(st.sampled_from(["load_seconds", "answers", "capacity", "peak"])))
@settings(max_examples=150)
def test_what_is_no_longer_measured_adds_no_reason(
    resource: Resource, known: Known, unmeasured: set[str]
) -> None:
    less = judged(resource, replace(known, **dict.fromkeys(unmeasured)))
    assert reasons(less) <= reasons(judged(resource, known))


@given(resources(), all_known())
@settings(max_examples=100)
def test_the_answer_follows_from_the_findings_and_a_no_always_has_a_remedy(
    resource: Resource, known: Known
) -> None:
    found = judged(resource, known)
    against = [one for one in found.findings if one.reason is not None]
    assert (found.status == "False") == bool(against)
    assert all(one.remedy for one in against)
    assert found.message.endswith(".")
