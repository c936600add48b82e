"""What a person asks for at once: the annotation serving.paddle-sla.io/request: VERB/REVISION/NONCE.

It changes no spec, so it fights with nobody who applies one. It is answered once, in
status.lastHandledRequest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from paddle_operator.spec.base import Block

LONGEST = 160
"""Characters of an annotation that are kept with the answer."""
_FORM = re.compile(
    r"([a-z]+)/([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)/([A-Za-z0-9][-A-Za-z0-9._:]{0,63})", re.ASCII
)


class Verb(StrEnum):
    """What is asked for."""

    PROMOTE = "promote"
    """The canary takes over, without further steps and proof."""
    ABORT = "abort"
    """The canary loses its traffic, and is rejected."""
    APPROVE = "approve"
    """What waits for a person goes on."""
    RETRY = "retry"
    """A rejected revision is no longer rejected."""
    ROLLBACK = "rollback"
    """A revision that served before takes over again."""


class Outcome(StrEnum):
    """What came of it."""

    ACCEPTED = "Accepted"
    REFUSED = "Refused"
    """Nothing was changed; the message says why, and what can be asked for."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request of the right form."""

    verb: Verb
    revision: str


class Handled(Block):
    """A request with its answer."""

    request: str
    """As it was written, its nonce included: the same text is not handled again."""
    outcome: Outcome
    message: str
    at: datetime


class RequestMalformed(ValueError):
    """Not of the form VERB/REVISION/NONCE."""


def request_from(text: str) -> Request:
    """Read an annotation; RequestMalformed says what is wrong with it."""
    form = _FORM.fullmatch(text)
    verbs = ", ".join(Verb)
    if form is None:
        raise RequestMalformed(
            f"a request is VERB/REVISION/NONCE, such as approve/ocr-0123456789/1, with a verb of {verbs}"
        )
    if form[1] not in list(Verb):
        raise RequestMalformed(f"{form[1]} is no verb: use one of {verbs}")
    return Request(Verb(form[1]), form[2])
