"""Scores of classes to named classes; label files; and whether they are those of a self-test. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import JsonValue

from paddle_runtime.bundle.selftest import ExpectedClass
from paddle_runtime.errors import BundleFault, BundleReason, Failed, RequestReason
from paddle_runtime.pipeline.base import Body

Scores = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Choice:
    """Which classes are told: at most so many, none less sure than that."""

    top_k: int
    min_score: float

    def changed(self, options: Mapping[str, JsonValue]) -> Choice:
        """As the caller wishes; the front end checked the options."""
        top_k, min_score = options.get("topK", self.top_k), options.get("minScore", self.min_score)
        assert isinstance(top_k, int | float)
        assert isinstance(min_score, int | float)
        return Choice(int(top_k), float(min_score))


def load_labels(data: bytes, classes: int) -> tuple[str, ...]:
    """A file of one class name a line; -1 classes: the program does not say how many."""
    try:
        labels = tuple(line.strip() for line in data.decode("utf-8").splitlines() if line.strip())
    except UnicodeDecodeError as error:
        raise BundleFault(BundleReason.BundleInvalid, f"the labels are not UTF-8: {error}") from error
    if classes not in {-1, len(labels)}:
        raise BundleFault(
            BundleReason.LoadFailed,
            f"the program tells {classes} classes apart, its labels name {len(labels)}: put the labels that "
            "it was trained with into the bundle, one a line.",
        )
    return labels


def probabilities(scores: Scores, activation: str) -> Scores:
    """Rows that add up to 1, whether the program gives them so ("None") or before its softmax."""
    if not np.isfinite(scores).all():
        raise Failed(RequestReason.INTERNAL, "the model's scores hold NaN or infinity: look at its weights")
    if activation == "None":
        return scores
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: Scores = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def best(scores: Scores, labels: Sequence[str], choice: Choice) -> list[JsonValue]:
    """The likeliest classes of one row, the surest first; of equals the one that stands first."""
    order = np.argsort(-scores, kind="stable")[: choice.top_k]
    return [
        {"label": labels[index], "classId": int(index), "score": round(float(scores[index]), 4)}
        for index in order
        if scores[index] >= choice.min_score
    ]


def classes_problem(expected: Sequence[ExpectedClass], body: Body, tolerance: float) -> str | None:
    """How an answer's first classes differ from a self-test's, or None."""
    got = body["classes"]
    assert isinstance(got, list)
    for place, wanted in enumerate(expected):
        told = got[place] if place < len(got) else None
        if not isinstance(told, dict) or told["label"] != wanted.label:
            return f"class {place} is {told}, expected {wanted.label!r} with score {wanted.score}"
        if not abs(float(str(told["score"])) - wanted.score) <= tolerance:
            return (
                f"{wanted.label!r} has score {told['score']}, expected {wanted.score}, allowed is a "
                f"difference of {tolerance}"
            )
    return None
