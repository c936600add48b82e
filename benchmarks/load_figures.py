"""From what happened to each request to figures, with the checks that they must pass. Pure."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from benchmarks import load_forms as forms
from benchmarks.corpus import Picture
from benchmarks.text_error import NO_ERRORS, Errors, errors

if TYPE_CHECKING:
    from benchmarks.load_connection import Reply
    from benchmarks.load_plan import Plan

# An answer with more than this share of its characters wrong is no answer.
RIGHT_UP_TO = 0.1
LITTLE_TOLERANCE = 0.03


@dataclass(frozen=True)
class Outcome:
    """One request: due, sent and done in seconds of the run; status 0 is no answer, and `failure` says why.

    rest: how long its caller waited after it, as Retry-After asked.
    """

    picture: int
    due: float
    sent: float
    done: float
    status: int
    failure: str = ""
    rest: float = 0.0

    @property
    def latency(self) -> float:
        return self.done - self.due

    @property
    def kind(self) -> str:
        """answered, refused (no work was done), late (it was given up), failed."""
        named = {200: "answered", 429: "refused", 503: "refused", 504: "late"}
        return named.get(self.status, "failed")


def figures(
    plan: Plan,
    pictures: Sequence[Picture],
    outcomes: Sequence[Outcome],
    replies: Sequence[Reply | None],
    wall: float,
) -> dict[str, Any]:
    """Everything that a row of the report shows."""
    read = readings(plan.form, pictures, outcomes, replies)
    answered = [each for each in outcomes if each.kind == "answered"]
    totals = error_totals(pictures, outcomes, read)
    return {
        "wall_seconds": wall,
        "requests": len(outcomes),
        "outcomes": dict(Counter(each.kind for each in outcomes)),
        "outcomes_by_stratum": by_stratum(pictures, outcomes),
        "failures": dict(
            Counter(each.failure or f"status {each.status}" for each in outcomes if each.kind == "failed")
        ),
        "answered_a_second": len(answered) / wall,
        "latency_seconds": spread([each.latency for each in answered]),
        "sent_late_seconds": spread([each.sent - each.due for each in outcomes]),
        "errors": {name: {"rate": e.rate, "loose_rate": e.loose_rate} for name, e in totals.items()},
        "error_counts": {name: asdict(each) for name, each in totals.items()},
        **(goodput(plan, pictures, outcomes, read) if plan.deadline_ms and plan.seconds else {}),
        **({"steady": steady(plan, outcomes)} if plan.seconds is not None else {}),
    }


def readings(
    form: str, pictures: Sequence[Picture], outcomes: Sequence[Outcome], replies: Sequence[Reply | None]
) -> list[Errors | None]:
    """The errors of each answer; None where there was none. The same bytes are compared once."""
    known: dict[tuple[int, bytes], Errors] = {}
    read: list[Errors | None] = []
    for outcome, reply in zip(outcomes, replies, strict=True):
        if reply is None or reply.status != 200:
            read.append(None)
            continue
        found = forms.pieces(form, reply.body)
        key = (outcome.picture, repr(found).encode())
        if key not in known:
            known[key] = errors(pictures[outcome.picture], found)
        read.append(known[key])
    return read


def error_totals(
    pictures: Sequence[Picture], outcomes: Sequence[Outcome], read: Sequence[Errors | None]
) -> dict[str, Errors]:
    """By stratum."""
    totals: dict[str, Errors] = {}
    for outcome, wrong in zip(outcomes, read, strict=True):
        if wrong is not None:
            stratum = pictures[outcome.picture].stratum
            totals[stratum] = totals.get(stratum, NO_ERRORS) + wrong
    return totals


def by_stratum(pictures: Sequence[Picture], outcomes: Sequence[Outcome]) -> dict[str, dict[str, int]]:
    """What became of the pictures of each stratum: a server may refuse the dear ones and serve the cheap."""
    counts: dict[str, Counter[str]] = {}
    for each in outcomes:
        counts.setdefault(pictures[each.picture].stratum, Counter())[each.kind] += 1
    return {name: dict(found) for name, found in sorted(counts.items())}


def goodput(
    plan: Plan, pictures: Sequence[Picture], outcomes: Sequence[Outcome], read: Sequence[Errors | None]
) -> dict[str, Any]:
    """Right answers inside the deadline a second, of what was due after the start had passed.

    good_characters_a_second: the characters of those pictures, for reading them is nearly all of the work.
    """
    assert plan.seconds is not None
    assert plan.deadline_ms is not None
    begin, deadline = plan.warm_share * plan.seconds, plan.deadline_ms / 1000
    good = [
        sum(len(line.text) for line in pictures[outcome.picture].lines)
        for outcome, wrong in zip(outcomes, read, strict=True)
        if wrong is not None
        and wrong.rate <= RIGHT_UP_TO
        and outcome.latency <= deadline
        and begin <= outcome.due < plan.seconds
    ]
    accepted = [each.latency for each in outcomes if each.kind in ("answered", "late")]
    return {
        "good_a_second": len(good) / (plan.seconds - begin),
        "good_characters_a_second": sum(good) / (plan.seconds - begin),
        "accepted_latency_seconds": spread(accepted),
        "p95_of_accepted_inside_deadline": bool(accepted) and spread(accepted)["p95"] <= deadline,
        "every_request_answered_or_refused": all(each.kind in ("answered", "refused") for each in outcomes),
    }


def steady(plan: Plan, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The middle of the run, and whether clients = latency x throughput holds in it (Little's law)."""
    assert plan.seconds is not None
    begin, end = plan.warm_share * plan.seconds, plan.seconds
    done = [each for each in outcomes if begin <= each.done < end]
    window = end - begin
    rate = len(done) / window
    cycle = statistics.fmean(each.latency + each.rest for each in done) if done else 0.0
    clients = float(plan.callers) if plan.rate is None else in_system(outcomes, begin, end)
    off = abs(rate * cycle - clients) / clients if clients else 1.0
    answered = [each for each in done if each.kind == "answered"]
    return {
        "window_seconds": window,
        "answered_a_second": len(answered) / window,
        "latency_seconds": spread([each.latency for each in answered]),
        "clients": clients,
        "latency_x_throughput": rate * cycle,
        "little_off_by": off,
        "valid": off <= LITTLE_TOLERANCE,
    }


def in_system(outcomes: Sequence[Outcome], begin: float, end: float) -> float:
    """How many requests were under way on average."""
    under_way = sum(max(0.0, min(each.done, end) - max(each.due, begin)) for each in outcomes)
    return under_way / (end - begin)


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, tail, count."""
    if not values:
        return {"n": 0}
    ordered = sorted(values)

    def at(share: float) -> float:
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    return {"median": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": ordered[-1], "n": len(ordered)}
