"""W3C Trace Context: what a caller says of the trace that a request belongs to. Pure.

The server is one step of a trace and makes no spans of its own: it takes the identity into its log lines, so
that a trace leads to them. There is nothing to propagate, since no request leaves from here, and nothing to
answer with: a response header for traces is only a draft.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
KNOWN_VERSION = "00"
NO_VERSION = "ff"
SAMPLED = 1
MAX_STATE_BYTES = 512
KEY = r"[a-z0-9][a-z0-9_\-*/]{0,240}(@[a-z][a-z0-9_\-*/]{0,13})?"
MEMBER = re.compile(KEY + r"=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]", re.ASCII)
MAX_MEMBERS = 32


@dataclass(frozen=True)
class TraceContext:
    """Whose trace, which step of it called, whether it is recorded, and what vendors added."""

    trace_id: str
    parent_id: str
    sampled: bool
    state: str = ""


def parse(traceparent: str | None, tracestate: str | None = None) -> TraceContext | None:
    """The context, or None where there is none or it is not valid, which the standard has ignored."""
    found = TRACEPARENT.fullmatch(traceparent.strip()) if traceparent else None
    if found is None:
        return None
    version, trace_id, parent_id, flags, more = found.groups()
    if version == NO_VERSION or (version == KNOWN_VERSION and more is not None):
        return None
    if set(trace_id) == {"0"} or set(parent_id) == {"0"}:
        return None
    return TraceContext(trace_id, parent_id, bool(int(flags, 16) & SAMPLED), _state(tracestate))


def _state(tracestate: str | None) -> str:
    """The list of vendors' members; empty where it is not valid, which invalidates nothing else."""
    if tracestate is None or len(tracestate) > MAX_STATE_BYTES:
        return ""
    members = [member.strip() for member in tracestate.split(",") if member.strip()]
    keys = {member.partition("=")[0] for member in members}
    valid = len(keys) == len(members) <= MAX_MEMBERS and all(map(MEMBER.fullmatch, members))
    return ",".join(members) if valid else ""
