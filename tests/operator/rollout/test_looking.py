"""What one look makes of raw counters: values, and what is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from paddle_operator.rollout.gate.counts import Counts
from paddle_operator.rollout.gate.settings import REFUSED
from paddle_operator.rollout.looks.looking import (
    LONGEST,
    LOOK_BACK,
    Question,
    Revisions,
    observed_since,
    seen,
)
from paddle_operator.rollout.looks.remembered import Counters
from paddle_operator.sla.answer import Answer, Failed, NoData, Stale, Value
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.series import Sample, Series, label
from paddle_operator.sla.unknown import Cause
from paddle_operator.spec.promise import Objective
from tests.operator.rollout.looks import ASKED, ERRORS, begun, looked, numbers, together, told, total
from tests.operator.sla.counters import SCRAPING, at, span
from tests.operator.sla.traffic import Event, Pod, every, ordered, scrapes

WHEN = (60, 120, 180)


def pod(revision: str, *events: Event, start: int = 2, end: int = 200, name: str = "") -> Pod:
    return Pod(name or f"{revision}-0", revision, (start,), scrapes(start + 3, end), events)


def new(*events: Event, **life: int) -> Pod:
    return pod("new", *events, **life)


OLD = pod("old", *every(1, 20.5, 199))


def test_each_look_counts_what_came_since_the_last_one() -> None:
    bad = (Event(100.5, "bad"), Event(101.5, "refused"), Event(102.5, "invalid"))
    found = looked(told(new(*ordered(every(2, 30.5, 190), bad)), OLD), WHEN)
    assert [numbers(one, "errors") for one in found] == [(10, 0, 30, 0), (32, 2, 60, 0), (30, 0, 60, 0)]


def test_slow_and_failed_answers_are_bad_for_a_latency_objective() -> None:
    slow = (Event(100.5, fast=False), Event(101.5, "bad"))
    found = looked(told(new(*ordered(every(2, 30.7, 190), slow)), OLD), WHEN)
    assert numbers(found[1], "fast")[:2] == (32, 2)


def test_who_leaves_before_an_answer_is_not_refused_by_anybody() -> None:
    odd = (Event(100.5, "invalid"), Event(101.5, "invalid"))
    pods = (new(*ordered(every(2, 30.5, 190), odd)), OLD)

    def left(observed: Interval, second: float) -> Answer[tuple[Series, ...]]:
        answer = told(*pods)(observed, second)
        assert isinstance(answer, Value)
        early = ("code", "499")
        return Value(
            tuple(
                replace(one, labels=one.labels - {("code", "400")} | {early})
                if label(one.labels, "outcome") == "invalid"
                else one
                for one in answer.value
            )
        )

    assert numbers(looked(told(*pods), WHEN)[1], REFUSED) == (32, 2, 60, 0)
    assert numbers(looked(left, WHEN)[1], REFUSED) == (30, 0, 60, 0)


def test_no_request_is_a_value() -> None:
    assert numbers(looked(told(new(), OLD), WHEN)[1], "errors") == (0, 0, 60, 0)


def test_a_revision_without_traffic_need_not_be_scraped() -> None:
    alone = Question(Revisions("new", None), (ERRORS,), SCRAPING)
    assert numbers(looked(told(new(*every(2, 30.5, 190))), WHEN, alone)[1], "errors") == (30, 0, 0, 0)


def test_a_revision_that_is_not_scraped_at_all_is_no_data() -> None:
    for pods, lost in (((OLD,), "new"), ((new(),), "old")):
        one = looked(told(*pods), (120,))[0].counts["errors"]
        assert isinstance(one, NoData)
        assert f"no sample of {lost}" in one.why


def test_a_revision_that_was_scraped_long_ago_is_stale_and_nothing_is_lost_meanwhile() -> None:
    away = replace(new(*every(2, 30.5, 290)), scrapes=(5, 20, 35, 50, 65, 245, 260))
    found = looked(told(away, pod("old", *every(1, 20.5, 299), end=300)), (70, 130, 190, 250))
    assert [type(one.counts["errors"]) for one in found] == [Value, Stale, Stale, Value]
    assert numbers(found[3], "errors") == (90, 0, 180, 0), "of both over the same time"


def test_a_look_between_two_scrapes_finds_nothing_new() -> None:
    found = looked(told(new(*every(2, 30.5, 190)), OLD), (60, 63, 120))
    assert isinstance(found[1].counts["errors"], NoData)
    assert "not scraped again" in getattr(found[1].counts["errors"], "why", "")
    assert numbers(found[2], "errors")[0] == 30


def test_what_a_pod_counted_before_the_first_look_is_no_evidence() -> None:
    found = looked(told(new(*every(2, 30.5, 190)), OLD), (90, 120, 180), counters=begun(90))
    assert total(found, "errors") == {"new": Counts(37), "old": Counts(75)}, "from the scrape at 95 on"


def test_a_pod_that_begins_counts_from_its_first_request() -> None:
    late = pod("new", *every(1, 71.5, 190), start=70, name="new-1")
    assert numbers(looked(told(new(), late, OLD), WHEN)[1], "errors")[0] == 47


def test_a_pod_that_dies_with_answers_that_nobody_saw_is_told() -> None:
    died = pod("new", *every(1, 20.5, 90), end=81, name="new-1")
    found = looked(told(new(), died, OLD), (60, 90, 120, 150))
    assert sum(numbers(one, "errors")[0] for one in found) == 60, "up to its last scrape at 80"
    told_once = [(one.cause, one.pod) for look in found for one in look.unseen]
    assert told_once.count((Cause.END, "new-1")) == 1


def test_a_restart_is_told_by_the_look_that_sees_it_though_it_was_before_the_last_one() -> None:
    anew = Pod("new-0", "new", (2, 85), (5, 20, 35, 50, 65, 80, 110, 125, 140), every(1, 20.5, 139))
    found = looked(told(anew, OLD), (60, 90, 120, 150))
    resets = [[one.cause for one in look.unseen].count(Cause.RESET) for look in found]
    assert resets == [0, 0, 1, 0]


def test_answers_of_a_process_first_seconds_tell_nothing_of_how_fast_it_is() -> None:
    slow = every(1, 40.5, 48, fast=False)
    found = looked(told(new(*ordered(slow, every(1, 62.5, 190))), OLD), (90,))
    assert numbers(found[0], "fast")[:2] == (18, 0), "of the scrapes at 65 and 80; at 50 was the first"
    assert numbers(found[0], "errors")[:2] == (25, 0)
    assert found[0].early == {"new": 7, "old": 15}


def test_without_an_answer_all_objectives_say_why_and_nothing_is_counted() -> None:
    refused = Failed("connection refused")
    one = seen(ASKED, refused, span(0, 60), begun())
    assert one.counts == {"errors": refused, "fast": refused}
    assert one.counters == begun()


@pytest.mark.parametrize(
    ("value", "why"), [(float("nan"), "is nan"), (-1.0, "-1.0"), (2.5, "2.5"), (float("inf"), "inf")]
)
def test_samples_that_cannot_be_right_are_no_evidence(value: float, why: str) -> None:
    def said(observed: Interval, _: float) -> Answer[tuple[Series, ...]]:
        whole = together((new(), OLD), observed)
        assert isinstance(whole, Value)
        first, *others = whole.value
        return Value((replace(first, samples=(*first.samples[:-1], Sample(at(52), value))), *others))

    for answer in looked(said, (60,))[0].counts.values():
        assert isinstance(answer, Failed)
        assert why in answer.why


@pytest.mark.parametrize("lost", ["pod", "revision"])
def test_a_series_without_its_labels_is_no_evidence(lost: str) -> None:
    def said(observed: Interval, _: float) -> Answer[tuple[Series, ...]]:
        whole = together((new(), OLD), observed)
        assert isinstance(whole, Value)
        return Value(
            tuple(
                replace(one, labels=frozenset(pair for pair in one.labels if pair[0] != lost))
                for one in whole.value
            )
        )

    answer = looked(said, (60,))[0].counts["errors"]
    assert isinstance(answer, Failed)
    assert f"no label '{lost}'" in answer.why


def test_wrong_samples_are_left_behind_and_what_came_meanwhile_is_counted() -> None:
    wrong = Interval(at(55), at(70))
    both = (new(*every(2, 30.5, 590), end=600), pod("old", *every(1, 20.5, 599), end=600))

    def said(observed: Interval, _: float) -> Answer[tuple[Series, ...]]:
        whole = together(both, observed)
        assert isinstance(whole, Value)
        return Value(tuple(replace(one, samples=tuple(map(broken, one.samples))) for one in whole.value))

    def broken(sample: Sample) -> Sample:
        return Sample(sample.at, float("nan")) if sample.at in wrong else sample

    found = looked(said, (52, *range(60, 600, 60)))
    kinds = [type(one.counts["errors"]) for one in found]
    assert kinds == [Value, NoData, *[Failed] * 6, Value, Value]
    assert total(found, "errors")["new"] == Counts(250)


def without_boundary(revision: str) -> Answer[tuple[Series, ...]]:
    whole = together((new(*every(2, 30.5, 190)), OLD), span(0, 120))
    assert isinstance(whole, Value)
    return Value(
        tuple(
            one
            for one in whole.value
            if label(one.labels, "le") != "0.2" or label(one.labels, "revision") != revision
        )
    )


@pytest.mark.parametrize("revision", ["new", "old"])
def test_pods_without_the_promised_boundary_are_no_data_for_latency_alone(revision: str) -> None:
    one = looked(lambda *_: without_boundary(revision), (120,))[0]
    assert isinstance(one.counts["fast"], NoData)
    assert f"how fast {revision} answered" in one.counts["fast"].why
    assert numbers(one, "errors") == (40, 0, 90, 0)


def test_no_pod_with_the_promised_boundary_is_no_data() -> None:
    latency = {"percentile": "95", "thresholdMilliseconds": 300}
    other = Question(
        ASKED.revisions, (Objective.model_validate({"name": "fast", "latency": latency}),), SCRAPING
    )
    answer = looked(told(new(*every(2, 30.5, 190)), OLD), (120,), other)[0].counts["fast"]
    assert isinstance(answer, NoData)
    assert "boundary 300 ms" in answer.why


def test_no_look_reads_further_back_than_it_must() -> None:
    long_ago = Counters("x", at(-90_000), at(-80_000))
    assert observed_since(long_ago, at(0)) == Interval(at(0) - LONGEST, at(0))
    lately = Counters("x", at(-90_000), at(-15))
    assert observed_since(lately, at(0)) == Interval(at(-15) - LOOK_BACK, at(0))
    assert observed_since(Counters("x", at(-20), at(-15)), at(0)) == span(-20, 0)
    later = Counters("x", at(-900), at(3600))
    assert observed_since(later, at(0)) == Interval(at(0) - LOOK_BACK, at(0)), "a clock was set back"
    assert observed_since(Counters("x", at(5), at(5)), at(0)).length == timedelta()


def test_counters_go_on_from_what_is_remembered_where_prometheus_forgot() -> None:
    """Its samples of ten minutes are lost: the difference is there all the same."""

    def said(observed: Interval, second: float) -> Answer[tuple[Series, ...]]:
        start = observed.start if second < 600 else at(590)
        return together(
            (new(*every(2, 30.5, 690), end=700), pod("old", *every(1, 20.5, 699), end=700)),
            Interval(start, observed.end),
        )

    found = looked(said, (60, 600))
    assert numbers(found[0], "errors")[0] == 10
    assert numbers(found[1], "errors") == (270, 0, 540, 0)
