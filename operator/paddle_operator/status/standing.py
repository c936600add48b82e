"""What was said of the promise before, where a look learns nothing newer: it stays.

One question without an answer is no news, nor is that a new process has yet to count what it missed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from paddle_operator.reasons import Reason
from paddle_operator.sla.measured import Measured
from paddle_operator.status.conditions import Before, Condition, Truth

_Words = Mapping[Reason, Truth]
_JUDGED: _Words = {
    Reason.PROMISE_KEPT: "True",
    Reason.BUDGET_SPENT: "False",
    Reason.UNKNOWN_TIME: "Unknown",
}
_TOLD: _Words = {
    Reason.METRICS_READ: "True",
    Reason.SCRAPE_INTERVAL_DIFFERS: "True",
    Reason.METRICS_FAILED: "False",
    Reason.METRICS_STALE: "False",
    Reason.METRICS_MISSING: "False",
}
_PACE: _Words = {Reason.SCRAPE_INTERVAL_DIFFERS: "True"}


@dataclass(frozen=True, slots=True)
class Standing:
    """What is in the cluster of this very promise."""

    before: Before
    sla: Mapping[str, Any] | None
    """The block `status.sla`; None where it is of another promise."""

    @classmethod
    def of(cls, previous: Mapping[str, Any], sla_hash: str) -> Standing:
        """Read it from a status as stored."""
        return cls(Before.of(previous), previous.get("sla") if previous.get("slaHash") == sla_hash else None)

    def figures(self, found: Mapping[str, Any], measured: Measured | None) -> Mapping[str, Any]:
        """Return the block to write: what is half counted is not shown."""
        if measured is None or not (measured.behind or measured.holds):
            return found
        if self.sla is not None:
            return self.sla
        rows = [{key: one[key] for key in ("name", "promise")} for one in found["objectives"]]
        return {"promise": found["promise"], "objectives": rows}

    def verdict(self, found: Condition, measured: Measured | None) -> Condition:
        """Return SLAMet."""
        if measured is None or not measured.holds or self.sla is None:
            return found
        return self._as_before("SLAMet", _JUDGED) or found

    def availability(self, found: Condition, measured: Measured | None) -> Condition:
        """Return MetricsAvailable. What is read while catching up tells of the past."""
        if measured is not None and None in measured.paces.values() and found.reason is Reason.METRICS_READ:
            return self._as_before("MetricsAvailable", _PACE) or found  # too few scrapes to say otherwise
        if measured is None or found.status != "False" or found.reason not in _TOLD:
            return found
        was = self._as_before("MetricsAvailable", _TOLD)
        if measured.behind:
            if was is not None and was.status == "True":
                return was
            message = f"what happened over {measured.over} is being counted"
            return Condition("MetricsAvailable", "Unknown", Reason.COUNTING, message)
        return was or found if measured.holds else found

    def _as_before(self, type_: str, known: _Words) -> Condition | None:
        was = self.before.by_type.get(type_, {})
        for reason, truth in known.items():
            if (was.get("status"), was.get("reason")) == (truth, reason):
                return Condition(type_, truth, reason, str(was.get("message", "")))
        return None
