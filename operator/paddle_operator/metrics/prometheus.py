"""The port `Metrics` over Prometheus' HTTP API, whose client blocks: it works in threads of its own."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from prometheus_api_client import PrometheusConnect
from urllib3 import Retry

from paddle_operator.metrics import queries
from paddle_operator.metrics.session import BoundedSession, NoAnswer
from paddle_operator.sla.answer import Answer, Failed, NoData, Value
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.series import Labels, Sample, Series

LONGEST_REQUEST = timedelta(hours=1)
"""Raw samples are asked for in parts of this length: Prometheus refuses to load too many at once."""
SHORTEST_REQUEST = timedelta(minutes=1)
PAUSE_SECONDS = 30.0
"""Who could not be reached is not asked again for so long: all services share one answer to that."""
LATE_QUESTIONS = 3
"""One question without an answer in time may be too large; so many in a row tell of the server."""
THREADS = 4
_GRACE_SECONDS = 1.0


class Prometheus:
    """Asks one server; a failure is an answer, and nobody waits longer than the time limit of a request."""

    def __init__(
        self, url: str, timeout_seconds: float = 5, *, token_file: str = "", ca_file: str = ""
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._session = BoundedSession(timeout_seconds, token_file, ca_file)
        self._client = PrometheusConnect(url.rstrip("/"), retry=Retry(0, read=False), session=self._session)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="prometheus")
        self._silence = (0.0, "")
        self._late: set[str] = set()
        """Questions that came to nothing in time since the last answer."""

    def close(self) -> None:
        """Close the connections; what is still asked for is given up."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._session.close()

    async def series(self, selector: str, observed: Interval) -> Answer[tuple[Series, ...]]:
        """Ask in parts, and in shorter ones where an answer would be too large."""
        found: dict[Labels, list[Sample]] = {}
        length, start = LONGEST_REQUEST, observed.start
        while start < observed.end:
            part = Interval(start, min(start + length, observed.end))
            try:
                answer = await self._ask(queries.raw(selector, part.length), part.end)
            except NoAnswer as failed:
                if failed.too_large and part.length > SHORTEST_REQUEST:
                    length = max(part.length / 2, SHORTEST_REQUEST)
                    continue
                return Failed(str(failed))
            for one in answer:
                found.setdefault(one.labels, []).extend(s for s in one.samples if s.at in part)
            start = part.end
        made = tuple(Series(labels, tuple(samples)) for labels, samples in found.items() if samples)
        if not made:
            return NoData(f"Prometheus has no sample of {selector} from {observed.start} to {observed.end}")
        return Value(made)

    async def instant(self, query: str, at: datetime) -> Answer[tuple[Series, ...]]:
        """Ask once."""
        try:
            answer = await self._ask(query, at)
        except NoAnswer as failed:
            return Failed(str(failed))
        known = tuple(one for one in answer if not any(math.isnan(sample.value) for sample in one.samples))
        if not known:
            return NoData(f"Prometheus has no value of {query} at {at}")
        return Value(known)

    async def _ask(self, query: str, at: datetime) -> tuple[Series, ...]:
        loop = asyncio.get_running_loop()
        until, why = self._silence
        if loop.time() < until:
            raise NoAnswer(why)
        try:
            async with asyncio.timeout(self._timeout_seconds + _GRACE_SECONDS):
                found = await loop.run_in_executor(self._threads, self._query, query, at)
        except TimeoutError:  # headers that come byte by byte, which no limit of the session sees
            lost = NoAnswer(f"no answer within {self._timeout_seconds:g} s", late=True)
        except NoAnswer as failed:
            lost = failed
        else:
            self._late.clear()
            return found
        if lost.late:
            self._late.add(query)
        elif not lost.unreachable:  # a refusal is an answer, too
            self._late.clear()
        if lost.unreachable or len(self._late) >= LATE_QUESTIONS:
            self._late.clear()
            self._silence = (loop.time() + PAUSE_SECONDS, str(lost))
        raise lost

    def _query(self, query: str, at: datetime) -> tuple[Series, ...]:
        limits = {"time": f"{at.timestamp():.3f}", "timeout": f"{self._timeout_seconds:g}s"}
        try:
            return tuple(_series(self._client.custom_query(query, params=limits)))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError) as strange:
            why = f"{self._client.url} answers something else than Prometheus' JSON ({type(strange).__name__}"
            raise NoAnswer(f"{why}: {str(strange)[:200]}). Check PADDLE_OPERATOR_PROMETHEUS_URL") from strange


def _series(rows: Any) -> Iterable[Series]:
    for row in rows:
        pairs = row["values"] if "values" in row else [row["value"]]
        samples = (Sample(datetime.fromtimestamp(float(at), UTC), float(value)) for at, value in pairs)
        yield Series(
            frozenset((str(name), str(value)) for name, value in row["metric"].items()), tuple(samples)
        )
