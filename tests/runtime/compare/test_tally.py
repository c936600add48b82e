"""What the differences of a set come to."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.bundle.termination import MAX_BYTES, termination_bytes
from paddle_runtime.compare.difference import Difference, Measure, other_form
from paddle_runtime.compare.tally import Against, Limits, Tally

amounts = st.floats(0, 1e6)
found = st.lists(st.builds(Difference, st.sampled_from(Measure), amounts, st.floats(0, 1e6)), max_size=8)


DEFAULTS = Limits()


def tally_of(*differences: Difference, limits: Limits = DEFAULTS) -> Tally:
    tally = Tally(limits)
    for number, difference in enumerate(differences):
        tally.add(f"case {number}", Against.EXPECTED, [difference])
    return tally


def test_texts_are_added_up_over_the_set_and_the_worst_one_is_named() -> None:
    tally = tally_of(Difference(Measure.TEXT, 1, 10, "x"), Difference(Measure.TEXT, 2, 190, "y"))
    figure = tally.document()["textErrorPercent"]
    assert figure == {"value": 1.5, "limit": 1.0, "case": "case 0", "against": "Expected"}
    assert tally.broken == (Measure.TEXT,)
    assert "textErrorPercent is 1.5, allowed is 1 (worst: case 0 against expected, x)" in tally.told()


def test_a_set_that_is_held_to_nothing_does_not_say_that_nothing_differs() -> None:
    tally = tally_of()
    tally.asked = 3
    assert tally.told() == "3 requests, 0 comparisons: all were answered, and held to nothing."
    tally.compared = 3
    assert tally.told() == "3 requests, 3 comparisons: nothing differs by more than its limit."


def test_of_numbers_and_boxes_the_worst_one_counts() -> None:
    tally = tally_of(*(Difference(Measure.NUMBER, amount) for amount in (0.0, 0.01, 0.002)))
    assert tally.document()["absError"] == {
        "value": 0.01, "limit": 0.001, "case": "case 1", "against": "Expected",
    }  # fmt: skip


def test_what_is_at_its_limit_passes_and_what_is_beyond_it_does_not() -> None:
    assert not tally_of(Difference(Measure.NUMBER, 0.001)).broken
    assert tally_of(Difference(Measure.NUMBER, 0.00100001)).broken == (Measure.NUMBER,)


def test_one_answer_of_another_form_among_thousands_is_too_many() -> None:
    right = [Difference(Measure.TEXT, 0, 10)] * 5000
    assert tally_of(*right, other_form("500 boom")).broken == (Measure.FORM,)


def test_characters_where_none_are_wanted_do_not_pass() -> None:
    assert tally_of(Difference(Measure.TEXT, 3, 0)).broken == (Measure.TEXT,)


@given(found, found)
def test_more_differences_never_mend_a_greatest_one_or_a_form(
    some: list[Difference], more: list[Difference]
) -> None:
    first, both = tally_of(*some), tally_of(*some, *more)
    never_mended = {Measure.FORM, Measure.NUMBER, Measure.BOX}
    assert set(first.broken) & never_mended <= set(both.broken)


@given(found)
def test_nothing_passes_that_a_tighter_limit_lets_pass(differences: list[Difference]) -> None:
    tight = Limits(text_error_percent=0, label_error_percent=0, box_error_percent=0, abs_error=0)
    assert set(tally_of(*differences).broken) <= set(tally_of(*differences, limits=tight).broken)


@given(st.lists(st.text(max_size=300), min_size=5, max_size=5))
def test_whatever_answers_say_it_fits_into_a_termination_message(words: list[str]) -> None:
    tally = Tally(Limits())
    for measure, word in zip(Measure, words, strict=True):
        tally.add("中" * 63, Against.STABLE, [Difference(measure, 1e9, 1, word)])
    payload = {"reason": "AnswersDiffer", "figures": dict(tally.document()), "message": tally.told()}
    written = termination_bytes(payload)
    assert len(written) <= MAX_BYTES
    assert json.loads(written)["figures"]["absError"]["value"] == 1e9


def test_in_private_not_a_word_of_an_answer_is_told() -> None:
    tally = tally_of(Difference(Measure.TEXT, 5, 10, "'secret' instead of 'word'"))
    assert "secret" in tally.told()
    assert "secret" not in tally.told(private=True) + json.dumps(dict(tally.document()))
