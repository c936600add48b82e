"""sla.json: the latency thresholds that the operator writes and the histogram's boundaries come from.

    {"slaHash": "...", "latencyThresholdsMilliseconds": [200]}

A mounted ConfigMap changes by a flip of a symbolic link, so the file's identity is looked at again every few
seconds: an edit of the promise reaches a running pod and never restarts it.
"""

from __future__ import annotations

import json
from pathlib import Path

from paddle_runtime.errors import Fault

MAX_BYTES = 64 * 1024
# Where no threshold falls, enough resolution for percentiles from 5 ms to 30 s.
DEFAULT_BOUNDARIES_SECONDS = (
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0,
)  # fmt: skip


class SlaFault(Fault):
    """sla.json cannot be used; what was known before stays in force."""


def thresholds_seconds(data: bytes) -> tuple[float, ...]:
    """The thresholds in seconds, sorted; SlaFault names the value that is wrong."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SlaFault(f"sla.json is not JSON ({error})") from None
    values = document.get("latencyThresholdsMilliseconds", []) if isinstance(document, dict) else None
    if not isinstance(values, list):
        raise SlaFault("sla.json: latencyThresholdsMilliseconds must be a list of whole milliseconds")
    for value in values:
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 3_600_000:
            raise SlaFault(f"sla.json: latencyThresholdsMilliseconds holds {value!r}; give 1 to 3600000")
    return tuple(sorted({value / 1000 for value in values}))


def boundaries_seconds(thresholds: tuple[float, ...]) -> tuple[float, ...]:
    """The histogram's boundaries: the defaults and every threshold, so that the SLA's count is exact."""
    return tuple(sorted({*DEFAULT_BOUNDARIES_SECONDS, *thresholds}))


Identity = tuple[int, int, int]


def identity(path: Path) -> Identity | None:
    """Something that differs when the file behind the path differs; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_size)


def read_thresholds(path: Path) -> tuple[float, ...]:
    """Thresholds from the file; none when there is no file, as on a bare machine."""
    try:
        with path.open("rb") as file:
            return thresholds_seconds(file.read(MAX_BYTES))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise SlaFault(f"{path} cannot be read ({error.strerror})") from None
