"""Requests and how many of them were bad: what a revision did for one objective."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """Whole numbers. Requests that count nowhere, such as what the caller did wrong, are not in them."""

    requests: int = 0
    bad: int = 0

    def __post_init__(self) -> None:
        for name, value in (("requests", self.requests), ("bad", self.bad)):
            if type(value) is not int or value < 0:
                raise ValueError(f"{name} must be a whole number, 0 or more, and is {value!r}")
        if self.bad > self.requests:
            raise ValueError(
                f"{self.bad} bad of {self.requests} requests: bad ones are requests, too, so count both over "
                "the same time"
            )

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.requests + other.requests, self.bad + other.bad)


NOTHING = Counts()
