"""What a request costs is learned from those before it."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.cost import LARGEST_MARGIN, MIB, CostModel, Prediction, Size

sizes = st.builds(Size, st.integers(0, 40_000_000), st.integers(1, 20 * MIB))


def taught(seconds_of, requests: int = 400, noise: float = 0.0, seed: int = 1) -> CostModel:  # type: ignore[no-untyped-def]
    """A model that saw requests of all sizes; `seconds_of(megapixels, mebibytes)` is the truth."""
    draw, model = random.Random(seed), CostModel()
    for _ in range(requests):
        size = Size(int(draw.uniform(0.05, 4) * 1e6), int(draw.uniform(0.01, 2) * MIB))
        _, pixels, mib = size.features()
        model.learn(size, seconds_of(pixels, mib) * draw.lognormvariate(0, noise))
    return model


def test_nothing_is_predicted_before_the_first_answer() -> None:
    assert CostModel().predict(Size(10**6, 10**5)) == Prediction(0.0, 0.0)


def test_one_answer_is_taken_for_all_sizes() -> None:
    model = CostModel()
    model.learn(Size(10**6, 10**5), 0.4)
    assert abs(model.predict(Size(10**6, 10**5)).expected - 0.4) < 0.01
    assert model.predict(Size(2 * 10**6, 10**5)).expected < 0.9


def test_base_pixels_and_bytes_are_told_apart() -> None:
    model = taught(lambda pixels, mib: 0.05 + 0.1 * pixels + 0.2 * mib)
    for size, seconds in ((Size(10**6, MIB), 0.35), (Size(3 * 10**6, MIB // 2), 0.45), (Size(0, 0), 0.05)):
        assert abs(model.predict(size).expected / seconds - 1) < 0.05, size


def test_what_makes_nothing_slower_gets_no_factor_below_zero() -> None:
    model = taught(lambda pixels, mib: 0.3 - 0.05 * pixels, noise=0.05)
    assert model.factors is not None
    assert min(model.factors) >= 0
    assert 0.05 < model.predict(Size(2 * 10**6, MIB)).expected < 0.3


def test_nineteen_of_twenty_end_within_the_margin() -> None:
    def truth(pixels: float, mib: float) -> float:
        return 0.05 + 0.1 * pixels + 0.2 * mib

    model, draw = taught(truth, noise=0.3, requests=2000), random.Random(7)
    late = 0
    for _ in range(2000):
        size = Size(int(draw.uniform(0.05, 4) * 1e6), int(draw.uniform(0.01, 2) * MIB))
        seconds = truth(*size.features()[1:]) * draw.lognormvariate(0, 0.3)
        late += seconds > model.predict(size).sure
        model.learn(size, seconds)
    assert 0.03 < late / 2000 < 0.07


def test_one_callers_dense_pictures_do_not_make_everybody_elses_unsure() -> None:
    model, plain = taught(lambda pixels, mib: 0.1 * pixels), Size(10**6, MIB // 20)
    for number in range(200):
        model.learn(plain, 2.0 if number % 2 else 0.1)
    prediction = model.predict(plain)
    assert prediction.sure <= 3 * prediction.expected


def test_a_machine_that_became_slower_is_followed() -> None:
    model = taught(lambda pixels, mib: 0.1 * pixels)
    for _ in range(700):
        model.learn(Size(10**6, MIB), 0.3)
    assert abs(model.predict(Size(10**6, MIB)).expected - 0.3) < 0.03


def test_a_request_given_up_is_news_only_where_less_was_expected() -> None:
    model, size = CostModel(), Size(10**6, 10**5)
    model.learn_at_least(size, 0.5)
    first = model.predict(size)
    assert first.expected > 0.4
    model.learn_at_least(size, 0.1)
    assert model.predict(size) == first


@given(st.lists(st.tuples(sizes, st.floats(0, 100)), min_size=1, max_size=60), sizes)
def test_whatever_was_seen_predictions_are_finite_and_above_zero(
    seen: list[tuple[Size, float]], asked: Size
) -> None:
    model = CostModel()
    for size, seconds in seen:
        model.learn(size, seconds)
        prediction = model.predict(asked)
        assert 0 < prediction.expected <= prediction.sure < float("inf")
        assert 1 <= model.margin <= LARGEST_MARGIN
        assert model.factors is not None
        assert min(model.factors) >= 0
