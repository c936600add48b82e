"""Why a comparison did not end well; the values are exit codes."""

from __future__ import annotations

from enum import Enum

from paddle_runtime.errors import Fault


class CompareReason(Enum):
    """Beside errors.BundleReason, whose numbers are another range.

    Only the first one speaks against the revision. With the others nothing was found out.
    """

    AnswersDiffer = 40
    GoldenSetInvalid = 41
    RevisionUnreachable = 42
    TooFewCopies = 43
    NothingKnown = 44


class CompareFault(Fault):
    """The answers differ, or could not be compared: the message says what, which value, what to do."""

    def __init__(self, reason: CompareReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
