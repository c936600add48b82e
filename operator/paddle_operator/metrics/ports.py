"""What the operator asks of its metrics. Tests have a fake of it in memory."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from paddle_operator.sla.answer import Answer
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.series import Series


class Metrics(Protocol):
    """Two questions. Neither raises: what goes wrong, a wait that is too long among it, is an answer, too.

    NoData: there is nothing of that name and those labels. Failed: nobody answered, or not what was asked.
    How old the newest sample may be is for the caller to say: see `sla.counting.unless_stale`.
    """

    async def series(self, selector: str, observed: Interval) -> Answer[tuple[Series, ...]]:
        """Return the raw samples of every series that a selector such as `up{job="x"}` names.

        They are as they were scraped, in order of time, from the start of what is observed until just before
        its end, and may have any value, NaN among them.
        """

    async def instant(self, query: str, at: datetime) -> Answer[tuple[Series, ...]]:
        """Return what an expression comes to at a moment: series of one sample each, at that moment.

        A result that is NaN, as 0/0 is, is none. Prometheus fills in values of up to five minutes before.
        """
