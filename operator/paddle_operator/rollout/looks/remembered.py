"""What was read when a canary was looked at last: the counters that the next look counts on from.

    {"version": 1, "at": 1780315200000000, "Runtime": {"of": "...", "begin": 1780315200000000,
     "until": 1780315215000000, "last": {"0f5c2a9b8d7e6f10": [1780315210000000, 412]}}}

Times are microseconds since 1970. A counter is known by a hash of its labels: whoever reads it again has
them, and a hundred pods stay small. So a look is a difference from this, whoever makes it: what Prometheus
got late is in the next one, and nothing counts twice.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from paddle_operator.sla.series import Labels, Sample, Series
from paddle_operator.spec.report import CountedAt

KEPT = timedelta(hours=2)
"""A counter that was not seen for so long is forgotten: no look reads back as far."""
_VERSION = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Counters:
    """Where one source was left."""

    of: str
    """Which revision is counted in which place. Where a place changes hands, counting begins anew."""
    begin: datetime
    """What was sampled before counts nowhere."""
    until: datetime
    """When they were read last."""
    last: Mapping[str, Sample] = field(default_factory=dict)
    """By counter, the last sample that was counted."""

    def base(self, labels: Labels) -> Sample | None:
        """Return the sample of a counter from which it is counted on; None: it was not seen before."""
        return self.last.get(fingerprint(labels))

    def after(self, series: Iterable[Series], until: datetime) -> Counters:
        """Return what is remembered once these are counted."""
        kept = {key: one for key, one in self.last.items() if until - one.at <= KEPT}
        for one in series:
            if one.samples and math.isfinite((newest := max(one.samples)).value):
                kept[fingerprint(one.labels)] = newest
        return Counters(self.of, self.begin, until, kept)


@dataclass(frozen=True, slots=True)
class Remembered:
    """Everything that a look leaves to the next one."""

    at: datetime
    """When it was made."""
    sources: Mapping[CountedAt, Counters]


def fingerprint(labels: Labels) -> str:
    """Return what a series is known by: 64 bits tell all counters of a service apart."""
    return hashlib.sha256(json.dumps(sorted(labels)).encode()).hexdigest()[:16]


def text_of(remembered: Remembered) -> str:
    """Write it; the same is always written the same."""
    sources = {
        str(at): {
            "of": one.of,
            "begin": _ticks(one.begin),
            "until": _ticks(one.until),
            "last": {key: [_ticks(at), _number(value)] for key, (at, value) in sorted(one.last.items())},
        }
        for at, one in sorted(remembered.sources.items())
    }
    whole = {"version": _VERSION, "at": _ticks(remembered.at), **sources}
    return json.dumps(whole, separators=(",", ":"))


def remembered_from(text: str) -> Remembered:
    """Read it; ValueError for a text that is none."""
    try:
        read = json.loads(text)
        if read["version"] != _VERSION:
            raise ValueError(f"version {read['version']} is not {_VERSION}")
        return Remembered(
            _moment(read["at"]), {at: _counters(read[str(at)]) for at in CountedAt if str(at) in read}
        )
    except (KeyError, TypeError, AttributeError, OverflowError) as wrong:
        raise ValueError(f"not what a look remembers: {type(wrong).__name__} {wrong}") from wrong


def _counters(read: Any) -> Counters:
    return Counters(
        str(read["of"]),
        _moment(read["begin"]),
        _moment(read["until"]),
        {key: Sample(_moment(at), float(value)) for key, (at, value) in read["last"].items()},
    )


def _number(value: float) -> float:
    return int(value) if value == int(value) else value


def _ticks(moment: datetime) -> int:
    return (moment - _EPOCH) // _TICK


def _moment(ticks: int) -> datetime:
    return _EPOCH + ticks * _TICK
