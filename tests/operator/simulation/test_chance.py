"""Drawn numbers have the distribution that they are said to have, and are the same for a seed."""

from __future__ import annotations

import math
from collections import Counter
from random import Random

import pytest

from paddle_operator.simulation.chance import binomial

DRAWS = 20_000


@pytest.mark.parametrize(
    ("requests", "share"),
    [(1, 0.3), (30, 0.05), (300, 0.004), (40, 0.9), (300, 0.05), (3000, 0.3), (60, 0.5)],
)
def test_numbers_come_as_often_as_they_should(requests: int, share: float) -> None:
    random = Random(f"{requests}/{share}")
    found = Counter(binomial(random, requests, share) for _ in range(DRAWS))
    assert sum(found.values()) == DRAWS
    mean = sum(number * times for number, times in found.items()) / DRAWS
    deviation = math.sqrt(requests * share * (1 - share))
    assert abs(mean - requests * share) < 4 * deviation / math.sqrt(DRAWS)
    for number, times in found.most_common(5):
        log = (
            math.lgamma(requests + 1)
            - math.lgamma(number + 1)
            - math.lgamma(requests - number + 1)
            + number * math.log(share)
            + (requests - number) * math.log1p(-share)
        )
        expected = DRAWS * math.exp(log)
        assert abs(times - expected) < 5 * math.sqrt(expected)


def test_none_and_all_are_drawn_without_chance() -> None:
    assert [binomial(Random(1), n, share) for n, share in ((0, 0.5), (9, 0.0), (9, 1.0))] == [0, 0, 9]


def test_the_same_seed_draws_the_same_numbers() -> None:
    """As they were on the machine that wrote the published table."""
    random = Random("seed")
    drawn = [binomial(random, *each) for each in ((300, 0.05), (30, 0.05), (3000, 0.3), (285, 0.004))]
    assert drawn == [6, 1, 902, 0]
