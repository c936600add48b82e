"""A Prometheus of a canary's pods and of the gateway's proxies, and looks that go on from a stored text."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from paddle_operator.proving import Places, Proving
from paddle_operator.rollout.looks.looked import Looked
from paddle_operator.rollout.looks.looking import Revisions
from paddle_operator.rollout.looks.remembered import remembered_from, text_of
from paddle_operator.sla.answer import Answer, Failed, NoData, Value
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.series import Series
from paddle_operator.spec.report import CountedAt
from tests.operator.given import a_resource, a_service
from tests.operator.rollout.looks import together
from tests.operator.sla.counters import SCRAPING, at
from tests.operator.sla.proxies import Proxy
from tests.operator.sla.traffic import Pod, every, scrapes
from tests.operator.virtual_time import in_virtual_time

UP = {"name": "up", "availability": {"targetPercent": "99"}}
ERRORS = {"name": "errors", "errorRate": {"maxPercent": "1"}}
FAST = {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 200}}
BOTH = Revisions("new", "old")
FIFTEEN = timedelta(seconds=15)
_MATCHER = re.compile(r'(\w+)(=~|=)"((?:[^"\\]|\\.)*)"')


@dataclass
class Server:
    """The port `Metrics` over pods and proxies, of which it tells what a selector names."""

    pods: tuple[Pod, ...] = ()
    proxies: tuple[tuple[str, Proxy], ...] = ()
    """Each with the place of the backend whose cluster it is."""
    failure: Failed | None = None
    delay_seconds: float = 0.0
    asked: list[tuple[str, Interval]] = field(default_factory=list)

    async def series(self, selector: str, observed: Interval) -> Answer[tuple[Series, ...]]:
        self.asked.append((selector, observed))
        await asyncio.sleep(self.delay_seconds)
        if self.failure is not None:
            return self.failure
        found = tuple(one for one in self._all(observed) if fits(selector, dict(one.labels)))
        return Value(found) if found else NoData(f"no sample of {selector}")

    async def instant(self, query: str, at: datetime) -> Answer[tuple[Series, ...]]:
        raise NotImplementedError("no look asks for it")

    def _all(self, observed: Interval) -> Iterable[Series]:
        pods = together(self.pods, observed)
        yield from pods.value if isinstance(pods, Value) else ()
        for place, proxy in self.proxies:
            for one in proxy.series(cluster=f"httproute/prod/calm/rule/0/backend/{place}"):
                samples = tuple(sample for sample in one.samples if sample.at in observed)
                if samples:
                    yield replace(one, samples=samples)


def fits(selector: str, labels: Mapping[str, str]) -> bool:
    """Whether Prometheus would choose a series."""

    def one(name: str, operator: str, quoted: str) -> bool:
        wanted, found = re.sub(r"\\(.)", r"\1", quoted), labels.get(name, "")
        return bool(re.fullmatch(wanted, found)) if operator == "=~" else wanted == found

    return all(one(*matcher) for matcher in _MATCHER.findall(selector))


@dataclass
class Rollout:
    """A rollout whose looks go on from a stored text."""

    server: Server
    objectives: tuple[dict[str, Any], ...] = (ERRORS, FAST)
    places: Places | None = None
    revisions: Revisions = BOTH
    stored: str = ""
    limit_seconds: float = 5.0
    begins: Mapping[CountedAt, datetime] | None = None

    def look(self, second: float) -> Looked | None:
        service = a_service(a_resource().named("calm").promising(*self.objectives))
        proving = Proving(self.server, SCRAPING, limit_seconds=self.limit_seconds)
        before = remembered_from(self.stored) if self.stored else None
        look = proving(
            service, self.revisions, self.places, before, at(second), every=FIFTEEN, begins=self.begins
        )
        looked = in_virtual_time(look)
        if looked is not None:
            self.stored = text_of(looked.remembered)
        return looked

    def why(self, second: float, objective: str) -> str:
        """Why nothing is known of an objective at one look."""
        looked = self.look(second)
        assert looked is not None
        return str(looked.document()["look"]["why"][objective])

    def numbers(self, second: float, objective: str) -> list[int] | None:
        """Requests and bad ones of the canary, then of the stable revision, at one look."""
        looked = self.look(second)
        assert looked is not None
        found = looked.document()["objectives"][objective]
        return [*found["canary"], *found["stable"]] if found else None


def pods() -> tuple[Pod, ...]:
    return tuple(
        Pod(f"{name}-0", name, (2,), scrapes(5, 400), every(step, 20.5, 400))
        for name, step in (("new", 5), ("old", 1))
    )


def behind(**places: int) -> Places:
    return Value({place: revision for revision, place in places.items()})


def proxy(*events: tuple[float, str]) -> Proxy:
    return Proxy((-60,), events, tuple(range(-50, 400, 15)))


def gateway() -> Server:
    """The stable revision in the first place, the canary in the second one; each request a second apart."""
    old = proxy(*((second + 0.5, "2") for second in range(20, 380)))
    new = proxy(*((second + 0.5, "2") for second in range(20, 380, 5)), (100.2, "retry"), (101.2, "5"))
    return Server(pods(), (("0", old), ("1", new)))
