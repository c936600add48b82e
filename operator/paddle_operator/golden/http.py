"""One golden request over HTTP, on a connection of its own: so each is sent to whichever pod is next."""

from __future__ import annotations

import json

import aiohttp

from paddle_operator.golden.asking import Said

LONGEST_ANSWER = 16 * 1024
"""Bytes of an answer that are read: a pod does not fill the operator's memory."""
LONGEST_REASON = 300


class HttpAsk:
    """Sends requests until it is closed. Made in a running event loop."""

    def __init__(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "paddle-operator"},
        )

    async def __call__(self, address: str, timeout_seconds: float) -> Said:
        """Ask once: whatever happens is an outcome."""
        limit = aiohttp.ClientTimeout(total=timeout_seconds)
        try:
            async with self._session.post(address, timeout=limit, allow_redirects=False) as answer:
                return judged(answer.status, await _whole(answer))
        except TimeoutError:
            return Said("bad", f"no answer within {timeout_seconds:g} s")
        except (aiohttp.ClientError, OSError) as error:
            return Said("bad", f"{type(error).__name__}: {error}")

    async def close(self) -> None:
        """Close it."""
        await self._session.close()


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    """Read to the end of the answer, or to where it is longer than any that is right."""
    body = b""
    while len(body) < LONGEST_ANSWER and (part := await answer.content.read(LONGEST_ANSWER - len(body))):
        body += part
    return body


def judged(status: int, body: bytes) -> Said:
    """Tell what an answer counts as. Not to be asked at all is no failure: an older runtime knows no golden
    request."""
    if status == 200:
        return Said("good")
    why = f"{status} {_error(body)}".strip()
    if status == 503:
        return Said("refused", why)
    return Said("bad" if status >= 500 else "invalid", why)


def _error(body: bytes) -> str:
    try:
        return " ".join(str(json.loads(body)["error"]).split())[:LONGEST_REASON]  # one line of a log
    except (ValueError, KeyError, TypeError):
        return ""
