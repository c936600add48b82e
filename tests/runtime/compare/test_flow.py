"""Which answers are held to what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from paddle_runtime.compare.asking import Answer
from paddle_runtime.compare.content import content_of
from paddle_runtime.compare.difference import Measure
from paddle_runtime.compare.faults import CompareFault, CompareReason
from paddle_runtime.compare.flow import compare, known_requests
from paddle_runtime.compare.golden_set import Request
from paddle_runtime.compare.tally import Against, Limits, Tally
from tests.runtime.compare.answers import read, tensor

REFUSED = Answer(400, words="400 malformed")


class Fake:
    """A revision that answers each request by its name."""

    def __init__(self, **answers: Answer | Mapping[str, Any]) -> None:
        self.name = "fake"
        self.asked: list[str] = []
        self._answers = answers

    def ask(self, request: Request) -> Answer:
        self.asked.append(request.name)
        answer = self._answers[request.name]
        return answer if isinstance(answer, Answer) else Answer(200, answer)


def asked(name: str, expected: Mapping[str, Any] | None = None) -> Request:
    return Request(name, "/v1/ocr", "image/png", b"x", None if expected is None else content_of(expected))


def compared(
    requests: list[Request], new: Fake, stable: Fake | None = None, *, parity: bool = False
) -> Tally:
    tally = Tally(Limits())
    compare(requests, new, stable, tally, parity=parity)
    return tally


def knows(answer: Answer | Mapping[str, Any]) -> Fake:
    return Fake(**{"known requests": answer})


def test_the_new_revision_says_what_both_can_be_asked() -> None:
    case = {"name": "selfTest 0", "path": "/v2/models/m/infer", "json": {"inputs": []}}
    (request,) = known_requests(knows({"cases": [case], "id": "1", "timings": {}}))
    assert (request.name, request.path, request.wanted) == ("selfTest 0", "/v2/models/m/infer", None)
    assert request.body == b'{"inputs": []}'


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"cases": []}, "no self-test that can be sent"),
        (Answer(404, words="404 no endpoint"), "404 no endpoint"),
        ({"lines": []}, "holds no requests"),
        ({"cases": [{"name": "a"}]}, "holds no requests"),
    ],
)
def test_where_nothing_is_known_nothing_is_said_for_or_against_it(
    answer: Answer | Mapping[str, Any], why: str
) -> None:
    with pytest.raises(CompareFault, match=why) as told:
        known_requests(knows(answer))
    assert told.value.reason is CompareReason.NothingKnown
    assert "goldenSetRef" in str(told.value)


def test_what_is_expected_is_all_that_counts_and_stable_is_left_alone() -> None:
    stable = Fake(a=read("two"))
    tally = compared([asked("a", read("one"))], Fake(a=read("one")), stable)
    assert (tally.asked, tally.compared, tally.broken, stable.asked) == (1, 1, (), [])


def test_where_nothing_is_expected_stable_is() -> None:
    tally = compared([asked("a")], Fake(a=read("one")), Fake(a=read("two")))
    assert tally.broken == (Measure.TEXT,)
    assert tally.figures[Measure.TEXT].against is Against.STABLE


def test_with_parity_an_answer_has_to_be_both_as_expected_and_as_before() -> None:
    expected, requests = tensor(1.0), [asked("a", tensor(1.0))]
    stable = Fake(a=tensor(1.0009))
    assert not compared(requests, Fake(a=expected), stable, parity=True).broken
    drifted = compared(requests, Fake(a=tensor(0.9995)), stable, parity=True)
    assert (drifted.compared, drifted.broken) == (2, (Measure.NUMBER,))
    assert drifted.figures[Measure.NUMBER].against is Against.STABLE


def test_without_either_an_answer_is_enough_and_nothing_is_said_to_be_compared() -> None:
    tally = compared([asked("a")], Fake(a=read("one")))
    assert (tally.asked, tally.compared, tally.broken) == (1, 0, ())


@pytest.mark.parametrize("bad", [Answer(500, words="500 boom"), Answer(200, words="not JSON")])
def test_an_answer_that_is_none_does_not_pass(bad: Answer) -> None:
    tally = compared([asked("a"), asked("b")], Fake(a=read("x"), b=bad))
    assert tally.broken == (Measure.FORM,)
    assert tally.figures[Measure.FORM].case == "b"


def test_an_answer_that_says_nothing_known_does_not_pass_where_something_is_wanted() -> None:
    assert compared([asked("a", read("one"))], Fake(a={"angle": 0})).broken == (Measure.FORM,)


def test_a_request_that_stable_takes_and_the_new_revision_refuses_speaks_against_the_new_one() -> None:
    tally = compared([asked("a", read("one"))], Fake(a=REFUSED), Fake(a=read("one")))
    assert tally.broken == (Measure.FORM,)


@pytest.mark.parametrize("stable", [None, Fake(a=REFUSED)])
def test_a_request_that_both_refuse_is_itself_at_fault(stable: Fake | None) -> None:
    with pytest.raises(CompareFault, match=r"'a' at /v1/ocr is refused with 400 malformed.*Mend") as told:
        compared([asked("a")], Fake(a=REFUSED), stable)
    assert told.value.reason is CompareReason.GoldenSetInvalid


@pytest.mark.parametrize("stable", [Answer(500, words="500 boom"), Answer(200, {"angle": 0})])
def test_a_stable_revision_without_an_answer_is_nothing_to_hold_to(stable: Answer) -> None:
    with pytest.raises(CompareFault) as told:
        compared([asked("a")], Fake(a=read("x")), Fake(a=stable))
    assert told.value.reason is CompareReason.GoldenSetInvalid


@pytest.mark.parametrize("order", [("bad", "wrong"), ("wrong", "bad")])
def test_a_request_at_fault_hides_no_answer_that_differs_wherever_it_stands(order: tuple[str, str]) -> None:
    new, tally = Fake(bad=REFUSED, wrong=read("two")), Tally(Limits())
    missed = compare([asked(name, read("one")) for name in order], new, None, tally)
    assert new.asked == list(order)
    assert tally.broken == (Measure.TEXT,)
    assert "'bad' at /v1/ocr is refused" in missed


def test_where_nothing_differs_the_first_request_at_fault_is_told() -> None:
    requests = [asked("a", read("one")), asked("b"), asked("c")]
    with pytest.raises(CompareFault, match="'b'"):
        compared(requests, Fake(a=read("one"), b=REFUSED, c=REFUSED))


class Ending(Fake):
    """A revision that stops answering before the request `last`."""

    def ask(self, request: Request) -> Answer:
        if request.name == "last":
            raise CompareFault(CompareReason.RevisionUnreachable, "it does not answer 'last'.")
        return super().ask(request)


def test_a_revision_that_stops_answering_hides_no_answer_that_nothing_mends() -> None:
    tally = Tally(Limits())
    requests = [asked("a", tensor(1.0)), asked("last")]
    assert compare(requests, Ending(a=tensor(2.0)), None, tally) == "it does not answer 'last'."
    assert tally.broken == (Measure.NUMBER,)


def test_a_revision_that_stops_answering_is_asked_again_where_the_rest_could_mend_it() -> None:
    with pytest.raises(CompareFault) as told:
        compared([asked("a", read("one")), asked("last")], Ending(a=read("two")))
    assert told.value.reason is CompareReason.RevisionUnreachable
