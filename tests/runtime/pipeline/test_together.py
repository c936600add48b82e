"""Requests that share programs end as they would alone; the programs are run once for all that want them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.pipeline.together import Steps, Want, alone, together


class Programs(dict):  # type: ignore[type-arg]
    """Two stages that add and double, and how often each was run for how many items."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []
        super().__init__(add=self._add, double=self._double)

    def _add(self, items: Sequence[int]) -> list[int]:
        self.calls.append(("add", len(items)))
        return [item + 1 for item in items]

    def _double(self, items: Sequence[int]) -> list[int]:
        self.calls.append(("double", len(items)))
        if 13 in items:
            raise ValueError("no luck with 13")
        return [2 * item for item in items]


def request(numbers: Sequence[int], rounds: int = 1, skip: bool = False) -> Steps[list[int]]:
    """Every number through both stages, `rounds` times; or through the second alone."""
    values = list(numbers)
    for _ in range(rounds):
        if not skip:
            values = yield Want("add", values)
        values = yield Want("double", values)
    return values


requests = st.lists(
    st.tuples(st.lists(st.integers(20, 99), max_size=4), st.integers(0, 3), st.booleans()), max_size=6
)


@given(requests)
def test_each_ends_as_it_would_alone(wanted: list[tuple[list[int], int, bool]]) -> None:
    ends = together([request(*each) for each in wanted], Programs())
    assert ends == [alone(request(*each), Programs()) for each in wanted]


def test_a_program_runs_once_for_all_who_are_at_its_stage() -> None:
    programs = Programs()
    together([request([20, 30]), request([40]), request([50], skip=True)], programs)
    assert programs.calls == [("add", 3), ("double", 4)]


def test_who_is_behind_goes_first_and_joins_the_others() -> None:
    programs = Programs()
    together([request([20], rounds=2), request([30])], programs)
    assert programs.calls == [("add", 2), ("double", 2), ("add", 1), ("double", 1)]


def test_a_request_that_fails_by_itself_fails_alone() -> None:
    def bad() -> Steps[list[int]]:
        yield Want("add", [1])
        raise Invalid(RequestReason.UNDECODABLE, "the second page is damaged")

    good, failed = together([request([20]), bad()], Programs())
    assert good == [42]
    assert isinstance(failed, Invalid)


def test_a_program_that_fails_is_told_to_those_who_shared_it_and_to_nobody_else() -> None:
    closed: list[str] = []

    def careful() -> Steps[list[int]]:
        try:
            return (yield Want("double", [13]))
        finally:
            closed.append("closed")

    shared, other = together([careful(), request([20], rounds=0)], Programs())
    assert isinstance(shared, ValueError)
    assert closed == ["closed"]
    assert other == [20]
    with pytest.raises(ValueError, match="13"):
        alone(careful(), Programs())
