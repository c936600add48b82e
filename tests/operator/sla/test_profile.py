"""What is known of a service at work: by revision, rounded, kept as text."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from paddle_operator.sla.demands import time_of_an_answer
from paddle_operator.sla.learning import Demand, Seen
from paddle_operator.sla.means import Holds, Known, Rate, Unhurried
from paddle_operator.sla.profile import Answers, Profile, Terms, known_of, profile_from, seen_at_work, text_of
from paddle_operator.sla.working import Worked
from paddle_operator.spec.promise import Objective
from tests.operator.sla.counters import NOON

TERMS = Terms((Demand("fast", 0.05, 0.5),), "promise", window_days=30, attempts=4, room=64, together=1)
HALF_BUSY = Worked(
    "r1",
    Seen(60.0, 2, 60.0, 606, 606, {"fast": 606}, waited=180),
    refused=0,
    answers=Unhurried(606, 30, ((100, 500), (500, 606))),
    load_seconds=3.2,
)
MINUTE = timedelta(minutes=1)


def after(looks: int, *each: Worked, terms: Terms = TERMS, before: Profile | None = None) -> Profile:
    """The profile after so many minutes in which replicas did this."""
    profile = before or Profile()
    for place in range(looks):
        profile = seen_at_work(profile, each or (HALF_BUSY,), terms, NOON + place * MINUTE)
    return profile


def test_a_service_at_work_is_known() -> None:
    known = known_of(after(20), "r1", TERMS)
    assert known.load_seconds == 4
    assert known.peak == Rate(Fraction(10), Fraction(11))  # 10.1, by two digits
    assert known.answers is not None
    assert known.answers.total >= 12_000
    assert known.capacity is not None
    assert 10 <= known.capacity.low < known.capacity.high <= 22


def test_two_digits_change_seldom() -> None:
    early, late = (known_of(after(looks), "r1", TERMS).capacity for looks in (20, 21))
    assert early == late
    assert early is not None
    assert early.low == Fraction(f"{float(early.low):.2g}")


def test_a_revision_that_was_not_seen_is_not_known_and_the_load_is() -> None:
    assert known_of(after(20), "r2", TERMS) == Known(peak=Rate(Fraction(10), Fraction(11)))
    assert known_of(Profile(), None, TERMS) == Known()


def test_the_load_is_that_of_all_replicas() -> None:
    other = replace(HALF_BUSY, revision="r2")
    assert known_of(after(20, HALF_BUSY, HALF_BUSY, other), "r1", TERMS).peak == Rate(
        Fraction(30), Fraction(31)
    )


def test_what_a_gateway_repeats_is_not_more_load() -> None:
    full = replace(HALF_BUSY, refused=303, seen=replace(HALF_BUSY.seen, handled=303, kept={"fast": 303}))
    assert known_of(after(20, full), "r1", TERMS).peak == Rate(Fraction("5.3"), Fraction("5.4"))
    alone = replace(TERMS, attempts=1)
    assert known_of(after(20, full, terms=alone), "r1", alone).peak == Rate(Fraction(10), Fraction(11))


def test_another_promise_keeps_the_cost_of_a_request_and_forgets_what_was_in_time() -> None:
    other = replace(TERMS, promise="other", demands=(Demand("fast", 0.05, 0.3),))
    assert known_of(after(20), "r1", other).answers is None
    profile = seen_at_work(after(20), (), other, NOON + 20 * MINUTE)
    known = known_of(profile, "r1", other)
    assert known.answers == Unhurried(0, 0, ())
    assert known.capacity is not None


def test_answers_that_all_were_in_time_are_so_when_they_fade() -> None:
    promised = {"name": "fast", "latency": {"percentile": "99.9", "thresholdMilliseconds": 200}}
    for minutes in range(1, 200):
        fade = 0.5 ** (minutes / 4320)
        faded = Answers().with_(Unhurried(60, 0, ((200, 60),)), 1.0).with_(Unhurried(0, 0, ()), fade)
        assert dict(faded.counted.within)[200] == faded.counted.total
        found = time_of_an_answer(Objective.model_validate(promised), faded.counted)
        assert found.holds is Holds.OPEN, found.result


def test_a_revision_that_is_long_gone_is_forgotten() -> None:
    profile = seen_at_work(after(20), (), TERMS, NOON + timedelta(days=60))
    assert not profile.revisions


def test_a_restart_takes_no_load_away() -> None:
    restarted = replace(HALF_BUSY, seen=replace(HALF_BUSY.seen, whole=False))
    assert known_of(after(20, restarted), "r1", TERMS).peak is None


def test_it_is_kept_as_text_and_read_back() -> None:
    profile = after(20)
    again = profile_from(text_of(profile))
    assert text_of(again) == text_of(profile)
    assert known_of(again, "r1", TERMS) == known_of(profile, "r1", TERMS)


def test_what_is_damaged_is_learned_again() -> None:
    assert profile_from("") == profile_from("[]") == profile_from("{}") == Profile()
    text = text_of(after(20))
    assert not profile_from(text.replace('"loadSeconds":3.2', '"loadSeconds":NaN')).revisions
    assert profile_from(text.replace('"workers":2', '"workers":-1')).load == profile_from(text).load


def test_a_profile_stays_small() -> None:
    many = after(3, *(replace(HALF_BUSY, revision=f"r{place}") for place in range(12)))
    assert len(text_of(many)) < 12 * 1024
