"""The comparison: each request to the new revision, its answer held to what is wanted of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from paddle_runtime import tasks
from paddle_runtime.compare.asking import Answer
from paddle_runtime.compare.content import Content, Incomparable, content_of
from paddle_runtime.compare.difference import Difference, differences, other_form
from paddle_runtime.compare.faults import CompareFault, CompareReason
from paddle_runtime.compare.golden_set import Request, cases_in
from paddle_runtime.compare.tally import Against, Tally

KNOWN = Request("known requests", tasks.KNOWN.path, "application/json", b"")


class Asked(Protocol):
    """A revision that can be asked."""

    name: str

    def ask(self, request: Request) -> Answer:
        """Its answer to a request."""


def known_requests(new: Asked) -> tuple[Request, ...]:
    """What the new revision's bundle knows answers to; CompareFault NothingKnown where that is nothing."""
    answer = new.ask(KNOWN)
    told: Any = answer.document if isinstance(answer.document, dict) else {}
    if told.get("cases") == []:
        raise _nothing_known("its bundle has no self-test that can be sent as a request")
    try:
        return cases_in({"cases": told.get("cases")})
    except ValueError:
        raise _nothing_known(answer.words or "its answer holds no requests") from None


def compare(
    requests: Iterable[Request],
    new: Asked,
    stable: Asked | None,
    tally: Tally,
    *,
    parity: bool = False,
    tell: Callable[[int], None] = lambda asked: None,
) -> str:
    """Count all of them into the tally; return what kept some from it, where answers differ all the same.

    Stable is asked where nothing is expected, and with `parity` always: on another device the answers have
    to stay what they were, also where both are as expected. Without stable and without an expectation an
    answer is enough.

    A request that is itself at fault is no reason to ask the others nothing, nor to forget what they showed:
    it is a CompareFault only where nothing differs. Where a revision does not answer, the rest is not asked,
    so that only what no further answer mends counts.
    """
    invalid: CompareFault | None = None
    for request in requests:
        try:
            _compare(request, new, stable, tally, parity=parity)
        except CompareFault as fault:
            if fault.reason is CompareReason.GoldenSetInvalid:
                invalid = invalid or fault
            elif tally.beyond_repair:
                return str(fault)
            else:
                raise
        tell(tally.asked)
    if invalid is not None and not tally.broken:
        raise invalid
    return "" if invalid is None else str(invalid)


def _compare(request: Request, new: Asked, stable: Asked | None, tally: Tally, *, parity: bool) -> None:
    answer = new.ask(request)
    tally.asked += 1
    for against, wanted in _wanted(request, answer, stable, parity=parity):
        tally.compared += 1
        tally.add(request.name, against, _held_to(wanted, answer))
    if answer.document is None:
        tally.add(request.name, None, [other_form(answer.words)])


def compare_copy(request: Request, new: Asked, stable: Asked, tally: Tally) -> bool:
    """Count a copy of a real request, where stable's answer to it is one that another can be held to.

    Real requests may be wrong, or ask for bytes: what stable does not answer in words says nothing of the new
    revision.
    """
    try:
        wanted = content_of(stable.ask(request).document)
    except Incomparable:
        return False
    answer = new.ask(request)
    tally.asked += 1
    tally.compared += 1
    found = [other_form(answer.words)] if answer.document is None else _held_to(wanted, answer)
    tally.add(request.name, Against.STABLE, found)
    return True


def _wanted(
    request: Request, answer: Answer, stable: Asked | None, *, parity: bool
) -> Iterator[tuple[Against, Content]]:
    """What the answer is held to. Where there is none, stable says whether the request is at fault."""
    if answer.refused:
        if stable is None or stable.ask(request).refused:
            raise _invalid(request, f"is refused with {answer.words}")
        return
    if answer.document is None:
        return
    if request.wanted is not None:
        yield Against.EXPECTED, request.wanted
    if stable is not None and (request.wanted is None or parity):
        yield Against.STABLE, _of_stable(request, stable)


def _of_stable(request: Request, stable: Asked) -> Content:
    answer = stable.ask(request)
    if answer.document is None:
        raise _invalid(request, f"is answered by stable with {answer.words}, so there is nothing to hold to")
    try:
        return content_of(answer.document)
    except Incomparable as error:
        raise _invalid(request, f"has an answer that is not compared: {error}") from error


def _held_to(wanted: Content, answer: Answer) -> list[Difference]:
    try:
        return list(differences(wanted, content_of(answer.document)))
    except Incomparable as error:
        return [other_form(str(error))]


def _nothing_known(why: str) -> CompareFault:
    return CompareFault(
        CompareReason.NothingKnown,
        f"the new revision does not say what it can be asked: {why}. Nothing was compared: give a golden set "
        "(spec.rollout.preflight.goldenSetRef), or approve the revision.",
    )


def _invalid(request: Request, why: str) -> CompareFault:
    return CompareFault(
        CompareReason.GoldenSetInvalid,
        f"{request.name!r} at {request.path} {why.rstrip('.')}. Mend this request, or leave it out.",
    )
