"""What was promised since when. An exclusion holds from when it was written until it was taken away, so that
nobody can take out of a report what was bad already. Pure.

    {"version": 1, "promises": [{"since": "2026-11-26T05:10:00Z", "slaHash": "0123456789abcdef",
     "promise": "99.9 % of requests answered; over 30 days", "exclusions": []}]}
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TypeAlias

from paddle_operator.sla.exclusions import InForce, recurring
from paddle_operator.sla.intervals import Interval, Spans, utc
from paddle_operator.sla.objectives import promise, sla_hash
from paddle_operator.spec.promise import Exclusion, Sla

LARGEST_BYTES = 64 * 1024
"""They lie in one ConfigMap with the records; some sixty promises of eight exclusions each."""
YOUNG = timedelta(minutes=5)
"""A service whose first promise is seen so soon was created with it."""
_VERSION = 1
_FOREVER = datetime.max.replace(tzinfo=UTC)
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Promised:
    """A promise, in force until the next one."""

    since: datetime
    """In whole seconds."""
    sla_hash: str
    promise: str
    """In one line."""
    exclusions: tuple[Exclusion, ...]


History: TypeAlias = tuple[Promised, ...]
"""In order of time; the last one is in force."""


def with_present(history: History, sla: Sla, created: datetime, now: datetime) -> History:
    """Return the history up to the promise of now.

    Where nothing is known of a service that is not young, its promise is in force from now on: whoever lost
    the history cannot tell what was promised before.
    """
    present = sla_hash(sla)
    if history and history[-1].sla_hash == present:
        return history
    since = max(now, history[-1].since) if history else created if now - created <= YOUNG else now
    return (*history, Promised(utc(since).replace(microsecond=0), present, promise(sla), sla.exclusions))


def in_force(history: History) -> tuple[InForce, ...]:
    """Return every exclusion with the time in which it was promised."""
    ends = [*(one.since for one in history[1:]), _FOREVER]
    found: dict[Exclusion, list[Interval]] = {}
    for one, end in zip(history, ends, strict=True):
        for exclusion in one.exclusions:
            found.setdefault(exclusion, []).append(Interval(one.since, end))
    return tuple(InForce(recurring(one), Spans(tuple(times))) for one, times in found.items())


def changes_after(history: History, moment: datetime) -> Iterator[tuple[datetime, str]]:
    """Yield when the promise was changed after a moment, with what was promised until then."""
    for before, after in pairwise(history):
        if after.since > moment:
            yield after.since, before.promise


def text_of(history: History) -> str:
    """Write a history, without the oldest promises where it is too long."""
    promises = [
        {
            "since": f"{one.since:{_TIME}}",
            "slaHash": one.sla_hash,
            "promise": one.promise,
            "exclusions": [each.model_dump(by_alias=True, mode="json") for each in one.exclusions],
        }
        for one in history
    ]
    text = json.dumps({"version": _VERSION, "promises": promises}, separators=(",", ":"))
    return text if len(text) <= LARGEST_BYTES else text_of(history[1:])


def history_from(text: str) -> History:
    """Read a history; ValueError for a text that is none. An empty text is an empty history."""
    if not text:
        return ()
    try:
        read = json.loads(text)
        if read["version"] != _VERSION:
            raise ValueError(f"version {read['version']} is not {_VERSION}")
        found = tuple(
            Promised(
                datetime.strptime(one["since"], _TIME).replace(tzinfo=UTC),
                str(one["slaHash"]),
                str(one["promise"]),
                tuple(Exclusion.model_validate_json(json.dumps(each)) for each in one["exclusions"]),
            )
            for one in read["promises"]
        )
        in_force(found)
    except (KeyError, TypeError, AttributeError) as wrong:
        raise ValueError(f"not a history of promises: {type(wrong).__name__} {wrong}") from wrong
    return found
