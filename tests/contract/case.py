"""What every corpus is made of."""

from __future__ import annotations

from dataclasses import dataclass

from tests.operator.given import Resource


@dataclass(frozen=True)
class Case:
    """A resource and the names of the rules that it breaks; none: it is accepted."""

    sentence: str
    resource: Resource
    breaks: tuple[str, ...] = ()
