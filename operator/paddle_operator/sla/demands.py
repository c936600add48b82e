"""What the promise demands of one answer, of all pods together, and of itself. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction

from paddle_operator.reasons import Reason
from paddle_operator.sla.confidence import share_between
from paddle_operator.sla.figures import Figure, Origin, Term, Unit, number_text, percent_text
from paddle_operator.sla.means import MOST_PODS, Allowed, Finding, Holds, Known, Means, Unhurried
from paddle_operator.sla.outcomes import target_share
from paddle_operator.spec.promise import Objective

_CHEAPER = "take a smaller or faster model, or a faster device"
LEAST_COUNTED = Fraction(1, 1000)
"""Of the time. Exclusions that are meant to follow each other leave an hour where clocks go back."""
LEAST_ANSWERS = 30
"""Fewer answers say nothing about a percentile."""
NO_WAIT_MILLISECONDS = 2.5
"""Who was taken up within this time did not wait: a boundary of the runtime's histogram of stages."""


def time_that_counts(share: Fraction) -> Finding | None:
    """Say where exclusions leave nothing to promise; None where they leave enough."""
    if share >= LEAST_COUNTED:
        return None
    out = _share(1 - share, Origin.GIVEN)
    return Finding(
        "time that counts",
        Holds.NO,
        f"the exclusions leave out {out} of the time, and nothing is promised in it",
        (Term("left out", out),),
        Reason.NOTHING_PROMISED,
        "shorten durationMinutes in spec.sla.exclusions, or let them begin less often",
    )


def time_of_an_answer(objective: Objective, answers: Unhurried | None) -> Finding:
    """Compare the threshold with the time that an answer takes when it need not wait.

    More pods take the waiting away and nothing else. Everybody who waited is taken for one who would have
    been in time, so what is said to be impossible is so with any number of pods.
    """
    assert objective.latency is not None
    threshold, share = objective.latency.threshold_milliseconds, target_share(objective)
    about = f"time of an answer, for {objective.name}"
    wanted = Term(f"answers wanted within {threshold} ms", _share(share, Origin.GIVEN))
    counted = dict(answers.within) if answers is not None else {}
    if answers is None or answers.total < LEAST_ANSWERS or threshold not in counted:
        result = f"{percent_text(share)} of answers have to take {threshold} ms at most"
        return Finding(about, Holds.OPEN, result, (wanted,), missing=("the time that an answer takes",))
    at_best = min(answers.total, counted[threshold] + answers.waited)
    low, high = share_between(counted[threshold], answers.total)[0], share_between(at_best, answers.total)[1]
    terms = (
        wanted,
        Term("answers looked at", _requests(answers.total)),
        Term("in time", _requests(counted[threshold])),
        Term("had to wait", _requests(answers.waited)),
        Term("in time without any waiting, at most", _share(high, Origin.MEASURED)),
    )
    if high < share:
        result = (
            f"{percent_text(share)} of answers are to take {threshold} ms at most ({objective.name}), and "
            f"without any waiting at most {_rounded(high)} do, whatever the number of pods"
        )
        remedy = _a_threshold_that_fits(objective, answers, share)
        return Finding(about, Holds.NO, result, terms, Reason.THRESHOLD_BELOW_SERVICE_TIME, remedy)
    if low < share:
        result = f"{_rounded(low)} to {_rounded(high)} of answers take {threshold} ms at most without waiting"
        return Finding(
            about, Holds.OPEN, result, terms, missing=("the time that an answer takes, more exactly",)
        )
    return Finding(
        about, Holds.YES, f"at least {_rounded(low)} of answers take {threshold} ms at most", terms
    )


def load_at_its_peak(means: Means, known: Known) -> Finding:
    """Compare the highest load seen with what all pods that there can be serve while the objectives hold."""
    about, capacity, peak = "load at its peak", known.capacity, known.peak
    if capacity is None or peak is None:
        missing = tuple(
            text
            for text, value in (
                ("the load that a pod serves in time", capacity),
                ("the peak of the load", peak),
            )
            if value is None
        )
        result = f"it is shared by {means.most_pods}"
        return Finding(about, Holds.OPEN, result, _of_pods(means), missing=missing)
    low, high = (means.most_pods.value * rate for rate in (capacity.low, capacity.high))
    terms = (
        *_of_pods(means),
        Term("one serves in time, at least", _rate(capacity.low)),
        Term("one serves in time, at most", _rate(capacity.high)),
        Term("highest load seen, at most", _rate(peak.high)),
    )
    offered = f"the highest load seen is {_rate(peak.high)}"
    if high < peak.low:
        return Finding(
            about,
            Holds.NO,
            f"{offered}, and {means.most_pods} serve at most {_rate(high)} in time",
            terms,
            Reason.LOAD_EXCEEDS_CAPACITY,
            _more_pods(means, peak.high, capacity.low or capacity.high),
        )
    if low < peak.high:
        result = f"{offered}, and {means.most_pods} serve {_rate(low)} to {_rate(high)} in time"
        return Finding(
            about, Holds.OPEN, result, terms, missing=("the load that a pod serves, more exactly",)
        )
    return Finding(
        about,
        Holds.YES,
        f"{offered}, and {means.most_pods} serve at least {_rate(low)} in time",
        terms,
        remark=_with_one_less(means, peak.high, capacity.low),
        is_headline=True,
    )


def one_failure(allowed: Allowed, known: Known) -> Finding | None:
    """Say where a single failed request is more than a promise lets fail; None while no load is known.

    By that one it is not broken, and not known to be kept either (`verdict.py`).
    """
    if known.peak is None or not known.peak.high:
        return None
    requests = known.peak.high * allowed.window
    may_fail = requests * allowed.share
    about = f"one failed request, for {allowed.objective}"
    terms = (
        Term(f"requests in {allowed.over} at the highest load seen", _requests(requests)),
        Term(f"{allowed.objective} lets fail", _requests(may_fail), f"{percent_text(allowed.share)} of them"),
    )
    if may_fail >= 1:
        return Finding(about, Holds.YES, f"at least {int(may_fail)} may fail at the highest load seen", terms)
    least = Fraction(math.ceil(100_000 / requests), 100_000)
    ways = [f"let {percent_text(least)} of requests or more fail it"] if least < Fraction(1, 2) else []
    return Finding(
        about,
        Holds.NO,
        f"at the highest load seen {allowed.over} have {_requests(requests)}, and a single one that "
        f"fails is more than {allowed.objective} lets fail: nobody can tell it kept then, and two break it",
        terms,
        Reason.BUDGET_BELOW_ONE_REQUEST,
        ", or ".join([*ways, "take a longer window"]),
    )


def objectives_beside_each_other(objectives: Iterable[Objective]) -> Iterator[Finding]:
    """Yield a remark for each pair of which one can never be used up: the other breaks before it."""
    listed = tuple(objectives)
    for strict in listed:
        for loose in listed:
            if loose is strict:
                continue
            if remark := _implied(strict, loose):
                yield Finding(f"{strict.name} beside {loose.name}", Holds.YES, "both can hold", remark=remark)


def _implied(strict: Objective, loose: Objective) -> str:
    """Say why what a loose objective still allows breaks the strict one, where it does."""
    ours, theirs = 1 - target_share(strict), 1 - target_share(loose)
    if strict.latency is None:
        same = (strict.availability is None) == (loose.availability is None) and loose.latency is None
        return _adds_nothing(strict, loose) if same and (ours, strict.name) < (theirs, loose.name) else ""
    if loose.latency is None:
        told = (
            f"a failed request is not in time either: {percent_text(ours)} of them break {strict.name}, "
            f"while {loose.name} lets {percent_text(theirs)} fail"
        )
        return told if ours < theirs else ""
    bounds = strict.latency.threshold_milliseconds, loose.latency.threshold_milliseconds
    implied = bounds[0] <= bounds[1] and ours <= theirs and (bounds[0], ours) != (bounds[1], theirs)
    return _adds_nothing(strict, loose) if implied else ""


def _adds_nothing(strict: Objective, loose: Objective) -> str:
    return f"objective {loose.name} adds nothing: it holds whenever {strict.name} does"


def _a_threshold_that_fits(objective: Objective, answers: Unhurried, share: Fraction) -> str:
    """Say the next boundary that enough answers were under, and the percentile for this threshold."""
    assert objective.latency is not None
    fitting = (
        milliseconds
        for milliseconds, count in answers.within
        if milliseconds > objective.latency.threshold_milliseconds
        and share_between(count, answers.total)[0] >= share
    )
    threshold = next(fitting, None)
    ways = [] if threshold is None else [f"set its thresholdMilliseconds to {threshold}"]
    return ", or ".join([*ways, _CHEAPER])


def _with_one_less(means: Means, peak: Fraction, serves: Fraction) -> str:
    left = means.most_pods.value - 1
    if left * serves >= peak or left < 1:
        return ""
    return (
        f"while one of {means.most_pods} is lost, the others are sure to serve {_rate(left * serves)} of the "
        f"{_rate(peak)} seen at the peak"
    )


def _more_pods(means: Means, load: Fraction, each: Fraction) -> str:
    pods = math.ceil(load / each)
    ways = [f"set {means.most_field} to {pods} or more"] if pods <= MOST_PODS else []
    return ", or ".join([*ways, _CHEAPER])


def _of_pods(means: Means) -> tuple[Term, ...]:
    return (Term("pods that there can be", means.most_pods),)


def _share(value: Fraction, origin: Origin) -> Figure:
    return Figure(value, Unit.SHARE, origin)


def _requests(value: Fraction | int) -> Figure:
    return Figure(Fraction(value), Unit.REQUESTS, Origin.MEASURED)


def _rate(value: Fraction) -> Figure:
    return Figure(value, Unit.PER_SECOND, Origin.MEASURED)


def _rounded(share: Fraction) -> str:
    return f"{number_text(share * 100)} %"
