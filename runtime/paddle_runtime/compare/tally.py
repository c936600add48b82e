"""All differences of a set of requests, and what they come to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import JsonValue

from paddle_runtime.compare.difference import SHARES, Difference, Measure

MOST_WORDS = 200
"""Characters of what is said of the worst answer."""


class Against(StrEnum):
    """What an answer is held to."""

    EXPECTED = "Expected"
    STABLE = "Stable"


@dataclass(frozen=True)
class Limits:
    """What is let pass, each in the unit of its measure. An answer of another form never is."""

    text_error_percent: float = 1.0
    label_error_percent: float = 0.0
    box_error_percent: float = 10.0
    abs_error: float = 0.001

    def of(self, measure: Measure) -> float:
        """The greatest value that passes."""
        return {
            Measure.FORM: 0.0,
            Measure.TEXT: self.text_error_percent,
            Measure.LABEL: self.label_error_percent,
            Measure.BOX: self.box_error_percent,
            Measure.NUMBER: self.abs_error,
        }[measure]


@dataclass
class Figure:
    """What one measure comes to over the set, and the request that is worst in it."""

    amount: float = 0.0
    of: float = 0.0
    case: str = ""
    against: Against | None = None
    where: str = ""
    worst: float = -1.0

    def add(self, difference: Difference, case: str, against: Against | None) -> None:
        """Count one more. Texts that differ from an empty one have no share: each character counts as one."""
        if difference.measure in SHARES or difference.measure is Measure.FORM:
            self.amount += difference.amount
            self.of += max(difference.of, 0.0)
            share = difference.amount / max(difference.of, 1.0)
        else:
            self.amount = max(self.amount, difference.amount)
            share = difference.amount
        if share > self.worst:
            self.worst, self.case, self.against, self.where = share, case, against, difference.where

    def value(self, measure: Measure) -> float:
        """In the measure's own unit."""
        return 100 * self.amount / max(self.of, 1.0) if measure in SHARES else self.amount


@dataclass
class Tally:
    """Figures by measure; those that nothing was measured of are not there."""

    limits: Limits
    asked: int = 0
    compared: int = 0
    figures: dict[Measure, Figure] = field(default_factory=dict)

    def add(self, case: str, against: Against | None, found: Iterable[Difference]) -> None:
        """Count what was measured of one answer."""
        for difference in found:
            figure = self.figures.setdefault(difference.measure, Figure())
            figure.add(difference, case, against)

    @property
    def broken(self) -> tuple[Measure, ...]:
        """The measures beyond their limits; not-a-number never passes."""
        return tuple(
            measure
            for measure in Measure
            if measure in self.figures and not self.figures[measure].value(measure) <= self.limits.of(measure)
        )

    @property
    def beyond_repair(self) -> bool:
        """Whether no further answer can mend it: a greatest difference stays, a share may fall again."""
        return any(measure not in SHARES or not self.limits.of(measure) for measure in self.broken)

    def document(self) -> Mapping[str, JsonValue]:
        """The figures as JSON, without a word of what answers say."""
        return {
            measure.value: {
                "value": round(figure.value(measure), 6),
                "limit": self.limits.of(measure),
                "case": figure.case,
                "against": None if figure.against is None else figure.against.value,
            }
            for measure, figure in sorted(self.figures.items())
        }

    def told(self, *, private: bool = False) -> str:
        """What is wrong, or that nothing is. private: not a word of what answers say."""
        counts = f"{self.asked} requests, {self.compared} comparisons"
        if not self.compared and not self.broken:
            return f"{counts}: all were answered, and held to nothing."
        if not self.broken:
            worst = ", ".join(f"{name} {self._of_limit(name)}" for name in sorted(self.figures))
            return f"{counts}: nothing differs by more than its limit{f' ({worst})' if worst else ''}."
        return f"{counts}: {'; '.join(self._told(measure, private=private) for measure in self.broken)}"

    def _of_limit(self, measure: Measure) -> str:
        return f"{self.figures[measure].value(measure):.3g} of {self.limits.of(measure):g}"

    def _told(self, measure: Measure, *, private: bool) -> str:
        figure = self.figures[measure]
        against = "" if figure.against is None else f" against {figure.against.value.lower()}"
        where = "" if private or not figure.where else f", {figure.where[:MOST_WORDS]}"
        return (
            f"{measure.value} is {figure.value(measure):.4g}, allowed is {self.limits.of(measure):g} "
            f"(worst: {figure.case}{against}{where})"
        )
