"""What every transport does alike."""

from __future__ import annotations

import weakref

from paddle_runtime.dispatch.job import Result
from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.transport.front import attend, ticket_of


class Body:
    """Stands for the bytes of a request, which cannot be watched."""


async def test_a_fault_that_is_told_keeps_nothing_of_the_request() -> None:
    """gRPC holds on to what it was told last, and 20 MiB of each refused message with it."""
    seen: list[weakref.ref[Body]] = []

    async def refuses() -> Result:
        body = Body()
        seen.append(weakref.ref(body))
        try:
            raise ValueError(body)
        except ValueError:
            raise Invalid(RequestReason.MALFORMED, "it cannot be read") from None

    ended = await attend(ticket_of({}, received_at=0, new_connection=False), refuses)
    assert str(ended.fault) == "it cannot be read"
    assert seen[0]() is None
