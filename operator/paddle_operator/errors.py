"""Everything the operator can refuse or be refused, as a tree.

    OperatorError
     |- SpecRejected        the resource breaks rules; carries every violation, not only the first
     |- ClusterRefused      the API server said no, or nothing; carries kind, name, reason and its message
     |   `- Conflict        the object is not the one that the request was made for: look again
     `- SettingInvalid      the operator's own environment is wrong; it does not start

A model that cannot be used (too large, of another task) is no error but a fact of the plan: `Plan.refusal`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from paddle_operator.reasons import Reason


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: where, which rule, and a message with the value and what to do."""

    path: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class OperatorError(Exception):
    """The root of this package's errors."""


class SpecRejected(OperatorError):
    """A resource was refused."""

    def __init__(self, violations: Iterable[Violation]) -> None:
        self.violations = tuple(violations)
        super().__init__("; ".join(str(violation) for violation in self.violations))


class ClusterRefused(OperatorError):
    """The API server refused a read or a write, or did not answer."""

    def __init__(self, kind: str, name: str, reason: Reason, message: str) -> None:
        super().__init__(f"{kind} {name}: {message}")
        self.kind = kind
        self.name = name
        self.reason = reason
        self.message = message


class Conflict(ClusterRefused):
    """The object is not the one that the request was made for: whoever decided on it is to look again."""


class SettingInvalid(OperatorError):
    """A setting of the operator has a value that it cannot have."""

    def __init__(self, variable: str, value: str, remedy: str) -> None:
        super().__init__(f"{variable} is {value!r}: {remedy}")
        self.variable = variable
        self.value = value
