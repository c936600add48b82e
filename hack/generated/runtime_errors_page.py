"""docs/reference/runtime-errors.md: every reason for which a request is not answered, with its codes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hack.generated import ROOT
from paddle_runtime.errors import REQUEST_MEANINGS, RequestReason
from paddle_runtime.transport import codes

PAGE = ROOT / "docs" / "reference" / "runtime-errors.md"
HEAD = """\
<!-- Made by `make generate`; do not edit. -->

# Errors of the runtime

A request that is not answered gets a code, and over HTTP the body `{"error", "reason", "requestId"}`: `error`
says what, which value and what to do, `reason` is a word of this table and stays. PaddleX's form has its own
body; over gRPC the status carries the message. `Retry-After` is there where sending it again can help.

What it counts as: `invalid` is the caller's mistake and outside the promise; `refused` and `bad` count
against it ([metrics](runtime-metrics.md)). What came to an address that is not there is counted by its code
alone. When which of the refusals comes: [deadlines and refusals](deadlines.md). Why a server ends or does not
start: [exit codes](runtime-commands.md#exit-codes).

| reason | HTTP | gRPC | counts as | meaning |
| --- | --- | --- | --- | --- |
"""


def files() -> dict[Path, str]:
    """Return the page's text."""
    return {PAGE: HEAD + "\n".join(rows()) + "\n"}


def rows() -> Iterator[str]:
    """Yield a row for each reason, in the order of the codes' table."""
    for reason, code in codes.HTTP_CODES.items():
        yield (
            f"| `{reason}` | {code} | `{codes.GRPC_CODES[reason]}` | {counts_as(reason)} "
            f"| {REQUEST_MEANINGS[reason]} |"
        )


def counts_as(reason: RequestReason) -> str:
    """Return the outcomes under which a reason can be counted."""
    if reason is RequestReason.CALLER_LEFT:
        return "invalid; bad after the promised time"
    if reason in codes.REFUSED_REASONS:
        return "refused"
    return "invalid" if reason in codes.INVALID_REASONS else "bad"
