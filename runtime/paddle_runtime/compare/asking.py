"""Asking a revision at its own Service, as a synthetic request that is in nobody's service level."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import quote

import urllib3
from urllib3.exceptions import HTTPError

from paddle_runtime.compare.faults import CompareFault, CompareReason
from paddle_runtime.compare.golden_set import Request

TRIES = 4
LONGEST_PAUSE_SECONDS = 5
"""Between two tries: half a second, one, two, or what Retry-After says up to this."""
TRIED_AGAIN = (503, 504)
"""No room, not ready or out of time: nothing is known of the answer yet."""
MOST_ANSWER_BYTES = 64 << 20
MOST_WORDS = 300
CONNECT_SECONDS = 5.0


@dataclass(frozen=True)
class Answer:
    """document: the JSON of a 200; else what was said instead."""

    status: int
    document: Any = None
    words: str = ""

    @property
    def refused(self) -> bool:
        """Whether the request itself is called wrong."""
        return 400 <= self.status < 500


class Revision:
    """One of the two, asked with one request at a time.

    Each goes over a connection of its own, so that pods take turns, as they do for callers.
    """

    def __init__(
        self,
        name: str,
        base: str,
        *,
        timeout_seconds: float,
        ends_at: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make it. name: for messages; ends_at: on the clock, when everything has to be over."""
        self.name = name
        self._base = base.rstrip("/")
        self._timeout_seconds = timeout_seconds
        self._ends_at = ends_at
        self._clock = clock
        self._pool = urllib3.PoolManager()

    def ask(self, request: Request) -> Answer:
        """The answer to it; CompareFault RevisionUnreachable where there is none that says anything."""
        left = self._ends_at - self._clock()
        if left <= 0:
            self._unreachable(request, "the time for the whole comparison is over; raise it, or ask less")
        try:
            response = self._pool.request(
                "POST",
                f"{self._base}{request.path}",
                body=request.body,
                headers={
                    **request.headers,
                    "X-Request-Id": quote(request.name),
                    "Connection": "close",
                    "User-Agent": "paddle-runtime",
                    "Content-Type": request.content_type,
                    "X-Paddle-Synthetic": "true",
                },
                timeout=urllib3.Timeout(
                    connect=min(CONNECT_SECONDS, left), read=min(self._timeout_seconds, left)
                ),
                retries=_again(),
                redirect=False,
                preload_content=False,
            )
            body = response.read(MOST_ANSWER_BYTES + 1)
            response.close()
        except (HTTPError, OSError) as error:
            self._unreachable(request, f"{TRIES} times without an answer, last {str(error)[:MOST_WORDS]}")
        if response.status in TRIED_AGAIN:
            self._unreachable(request, f"{TRIES} times answered {response.status}: {_words(body)}")
        return _answer(response.status, body)

    def _unreachable(self, request: Request, why: str) -> NoReturn:
        raise CompareFault(
            CompareReason.RevisionUnreachable,
            f"the {self.name} revision at {self._base} does not answer {request.name!r}: {why}. Look at its "
            "pods and their logs; nothing is known of its answers.",
        )


def _again() -> urllib3.Retry:
    """Requests only compute, so each may be sent again."""
    return urllib3.Retry(
        total=TRIES - 1,
        allowed_methods=None,
        status_forcelist=TRIED_AGAIN,
        backoff_factor=0.5,
        backoff_max=LONGEST_PAUSE_SECONDS,
        retry_after_max=LONGEST_PAUSE_SECONDS,
        raise_on_status=False,
        redirect=0,
    )


def _answer(status: int, body: bytes) -> Answer:
    if status != 200:
        return Answer(status, words=f"{status} {_words(body)}")
    if len(body) > MOST_ANSWER_BYTES:
        return Answer(status, words=f"an answer of more than {MOST_ANSWER_BYTES} bytes")
    try:
        return Answer(status, json.loads(body))
    except ValueError:
        return Answer(status, words="an answer that is not JSON")


def _words(body: bytes) -> str:
    try:
        said = str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        said = body[:MOST_WORDS].decode(errors="replace")
    return " ".join(said.split())[:MOST_WORDS]
