"""An HTTP session with the bounds that `requests` lacks, and words for everything that is no answer."""

from __future__ import annotations

import io
import json
import re
import time
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

LARGEST_ANSWER_BYTES = 16 * 2**20
"""About 400,000 samples. As Python values they take six times as much memory."""
_PART_BYTES = 2**16
_URL = "PADDLE_OPERATOR_PROMETHEUS_URL"
_CA_FILE = "PADDLE_OPERATOR_PROMETHEUS_CA_FILE"
_TOKEN_FILE = "PADDLE_OPERATOR_PROMETHEUS_TOKEN_FILE"  # noqa: S105  a variable's name
_TOKEN = re.compile(r"[!-~]+")
_LONGEST_QUOTE = 300


class NoAnswer(Exception):
    """Why a question was not answered. It does not leave this package: there it is `Failed`."""

    def __init__(
        self, why: str, *, unreachable: bool = False, late: bool = False, too_large: bool = False
    ) -> None:
        super().__init__(why)
        self.unreachable = unreachable
        """Nobody is there: asking again at once would fail again."""
        self.late = late
        """No answer in time: the server may be too slow, or only this question too large."""
        self.too_large = too_large
        """A shorter stretch of time may be answered."""


class BoundedSession(requests.Session):
    """Bounds all the time and all the bytes of an answer; sends the token, follows nobody elsewhere."""

    def __init__(self, timeout_seconds: float, token_file: str = "", ca_file: str = "") -> None:
        super().__init__()
        self._timeout_seconds = timeout_seconds
        self._token_file = token_file
        self._ca_file = ca_file
        self.verify = ca_file or True
        self.trust_env = False  # a proxy would see the token, and ~/.netrc would replace it
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> requests.Response:
        """Send a request; raises NoAnswer for everything but a complete answer with code 200."""
        deadline = time.monotonic() + self._timeout_seconds
        options["headers"] = {**(options.get("headers") or {}), **self._authorization()}
        options |= {"stream": True, "allow_redirects": False, "timeout": self._timeout_seconds}
        where = str(url).partition("/api/")[0]
        try:
            with super().request(method, url, *args, **options) as response:
                body = self._body(response, deadline)
        except requests.ConnectTimeout as lost:
            why = f"{where} cannot be reached within {self._timeout_seconds:g} s. Check {_URL}"
            raise NoAnswer(why, unreachable=True) from lost
        except (requests.Timeout, ReadTimeoutError, TimeoutError) as late:
            raise NoAnswer(f"{where} did not answer within {self._timeout_seconds:g} s", late=True) from late
        except (requests.RequestException, HTTPError, OSError) as lost:
            raise self._unreachable(where, lost) from lost
        if response.status_code != 200:
            raise _refusal(where, response, body)
        response.raw = io.BytesIO(body)  # from where its content and its JSON are read
        return response

    def _unreachable(self, where: str, lost: Exception) -> NoAnswer:
        """Tell a certificate that nobody vouches for, or a lost file of those who do, from a lost server."""
        if isinstance(lost, requests.exceptions.SSLError) or not Path(self._ca_file or "/").exists():
            said = repr(self._ca_file) if self._ca_file else "empty, so that only public CAs are trusted"
            why = f"{where} cannot be trusted: {_innermost(lost)}. {_CA_FILE} is {said}"
        else:
            why = f"{where} cannot be reached: {_innermost(lost)}. Check {_URL} and that Prometheus runs"
        return NoAnswer(why, unreachable=True)

    def _authorization(self) -> dict[str, str]:
        """Read the token anew each time: whoever writes the file replaces it before it expires."""
        if not self._token_file:
            return {}
        try:
            token = Path(self._token_file).read_text(encoding="ascii").strip()
        except OSError as unreadable:
            raise NoAnswer(f"{_TOKEN_FILE} is {self._token_file!r}: {unreadable}") from unreadable
        except ValueError:  # its text would quote a part of the token
            token = ""
        if not _TOKEN.fullmatch(token):  # whoever refuses it later would quote it in words for everybody
            why = "a token is one line of visible ASCII characters without a space, and this file has none"
            raise NoAnswer(f"{_TOKEN_FILE} is {self._token_file!r}: {why}")
        return {"Authorization": f"Bearer {token}"}

    def _body(self, response: requests.Response, deadline: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        while part := response.raw.read1(_PART_BYTES, decode_content=True):
            size += len(part)
            if size > LARGEST_ANSWER_BYTES:
                raise NoAnswer(f"the answer has more than {LARGEST_ANSWER_BYTES} bytes", too_large=True)
            if time.monotonic() > deadline:
                raise TimeoutError
            parts.append(part)
        return b"".join(parts)


def _refusal(where: str, response: requests.Response, body: bytes) -> NoAnswer:
    """Say what another code than 200 means, in Prometheus' own words where it has some."""
    code = response.status_code
    if response.is_redirect:
        elsewhere = response.headers["location"][:_LONGEST_QUOTE]
        return NoAnswer(f"{where} sends us to {elsewhere}: if Prometheus is there, write that into {_URL}")
    text = body[:_LONGEST_QUOTE].decode(errors="replace").strip()
    try:
        said = json.loads(body)
        text = str(said["error"])[:_LONGEST_QUOTE]
    except (ValueError, KeyError, TypeError):
        pass
    if code in {401, 403}:
        return NoAnswer(f"{where} refuses us with HTTP {code}: {text}. Check {_TOKEN_FILE}")
    return NoAnswer(f"{where} answers HTTP {code}: {text}", too_large="too many samples" in text)


def _innermost(lost: BaseException) -> str:
    """The cause below the layers that repeat it: `[Errno 111] Connection refused`."""
    inner: BaseException = lost
    while (below := inner.__cause__ or inner.__context__) is not None:
        inner = below
    return f"{type(inner).__name__} {inner}"[:_LONGEST_QUOTE]
