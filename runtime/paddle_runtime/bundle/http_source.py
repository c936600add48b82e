"""Files of a web server or an S3 store, which may be anybody's: nothing that it says is believed further than
the bytes that its answer is about, and none of it is shown unchecked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from http.client import HTTPException
from urllib.parse import quote, urljoin, urlsplit

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from paddle_runtime.bundle.addresses import CheckedPool
from paddle_runtime.bundle.deadline import Deadline
from paddle_runtime.bundle.sources import CHUNK_BYTES, Opened
from paddle_runtime.errors import BundleFault, BundleReason

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
# Some stores answer 404 for keys that they do not know; the code in the body tells it from a missing object.
KEY_REFUSED = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "XAdminUserNotFound")
MAX_REDIRECTS = 3
WORDS_BYTES, WORDS_SECONDS = 2048, 5.0  # of a refusal's body, for the message
REDIRECTS = frozenset({301, 302, 303, 307, 308})
RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)")
STRONG_TAG = re.compile(r'"[\x21\x23-\x7e]{1,256}"')
# What a hostile answer can make the client raise.
BROKEN = (HTTPError, HTTPException, OSError, ValueError)
NOT_CONNECTED = (NewConnectionError, ConnectTimeoutError)

Sign = Callable[[str, str, Mapping[str, str]], Mapping[str, str]]


class HttpSource:
    """Files below a base URL. sign(method, url, headers) gives the headers to send; None leaves them.

    follow: whether redirects are followed, and then to https only. Never for an S3 store: its pool may reach
    private addresses, which are meant for the declared endpoint and not for where that one points.
    """

    def __init__(
        self,
        pool: urllib3.PoolManager,
        base: str,
        *,
        sign: Sign | None = None,
        follow: bool = False,
        on_forbidden: str = "",
    ) -> None:
        self._pool = pool
        self._base = base
        self._sign = sign
        self._follow = follow
        self._on_forbidden = on_forbidden
        self._tags: dict[str, str] = {}

    def name(self, relative: str) -> str:
        """The URL."""
        return self._base + quote(relative, safe="/-_.~")

    @contextmanager
    def open(self, relative: str, offset: int, deadline: Deadline) -> Iterator[Opened]:
        """GET the file from an offset, or from its start when it is another file by now."""
        url = self.name(relative)
        with self._cut_off(deadline):
            response = self._get(url, offset, deadline, self._tags.get(relative))
            if offset and self._is_another(relative, response):
                response.close()
                self._tags.pop(relative, None)
                offset = 0
                response = self._get(url, offset, deadline, None)
            try:
                self._require_success(url, response, deadline)
                start, size = extent(url, response.status, response.headers, offset)
                if STRONG_TAG.fullmatch(tag := response.headers.get("ETag", "")):
                    self._tags[relative] = tag
                yield Opened(start, size, self._chunks(url, response, deadline))
            finally:
                response.close()

    def _cut_off(self, deadline: Deadline) -> AbstractContextManager[None]:
        if isinstance(self._pool, CheckedPool):
            return self._pool.cut_off_after(deadline.left())
        return nullcontext()

    def _is_another(self, relative: str, response: urllib3.HTTPResponse) -> bool:
        """Whether the rest that was asked for is of another file, or of one that has no such rest."""
        known, told = self._tags.get(relative), response.headers.get("ETag")
        return response.status == 416 or (response.status == 206 and known is not None and told != known)

    def _get(self, url: str, offset: int, deadline: Deadline, tag: str | None) -> urllib3.HTTPResponse:
        for _ in range(MAX_REDIRECTS + 1):
            response = self._get_once(url, offset, deadline, tag)
            if response.status not in REDIRECTS:
                return response
            target = response.headers.get("Location")
            response.close()
            url = self._redirected(url, target)
        raise BundleFault(
            BundleReason.AddressRefused,
            f"{shown(url)} redirects more than {MAX_REDIRECTS} times: name the final address.",
        )

    def _get_once(self, url: str, offset: int, deadline: Deadline, tag: str | None) -> urllib3.HTTPResponse:
        deadline.check(f"asking for {shown(url)}")
        # Stored bytes are hashed, so they must come as they are stored.
        headers: Mapping[str, str] = {"Accept-Encoding": "identity", "User-Agent": "paddle-runtime"}
        if offset:
            headers = {**headers, "Range": f"bytes={offset}-", **({"If-Range": tag} if tag else {})}
        if self._sign is not None:
            headers = self._sign("GET", url, headers)
        left = max(0.1, deadline.left())
        timeout = urllib3.Timeout(connect=min(CONNECT_SECONDS, left), read=min(READ_SECONDS, left))
        try:
            response = self._pool.request(
                "GET",
                url,
                headers=headers,
                timeout=timeout,
                preload_content=False,
                redirect=False,
                retries=False,
            )
        except BROKEN as error:
            raise broken(url, error, deadline) from error
        assert isinstance(response, urllib3.HTTPResponse)  # the only kind a pool of ours makes
        if deadline.left() <= 0:  # a header that was cut off looks like one that ended
            response.close()
            deadline.check(f"asking for {shown(url)}")
        return response

    def _redirected(self, url: str, target: str | None) -> str:
        if not self._follow or target is None:
            raise BundleFault(
                BundleReason.ModelNotFound,
                f"{shown(url)} redirects to {shown(target or 'nowhere')}: the bucket is in another region or "
                "at another endpoint; set spec.model.s3.region and spec.model.s3.endpoint to it.",
            )
        try:
            absolute = urljoin(url, target)
            parts = urlsplit(absolute)
            refused = parts.scheme != "https" or not parts.hostname or "@" in parts.netloc
        except ValueError:
            absolute, refused = target, True
        if refused:
            raise BundleFault(
                BundleReason.AddressRefused,
                f"{shown(url)} redirects to {shown(absolute)}, which is no https address: refused.",
            )
        return absolute

    def _require_success(self, url: str, response: urllib3.HTTPResponse, deadline: Deadline) -> None:
        if response.status in {200, 206}:
            return
        words = bytearray()
        with suppress(BundleFault):  # the status says enough, whatever becomes of its words
            for chunk in self._chunks(url, response, Deadline.after(min(WORDS_SECONDS, deadline.left()))):
                words += chunk
                if len(words) >= WORDS_BYTES:
                    break
        told = store_words(bytes(words[:WORDS_BYTES]))
        status = f"{shown(url)} answers {response.status}{told}"
        if response.status in {400, 401, 403, 407} or any(code in told for code in KEY_REFUSED):
            raise BundleFault(
                BundleReason.ModelForbidden, f"{status}: {self._on_forbidden or 'make it public.'}"
            )
        if response.status in {404, 410}:
            raise BundleFault(
                BundleReason.ModelNotFound,
                f"{status}: upload the bundle there, or correct spec.model.uri.",
            )
        raise BundleFault(BundleReason.StoreUnreachable, f"{status}: the store has a problem.")

    def _chunks(self, url: str, response: urllib3.HTTPResponse, deadline: Deadline) -> Iterator[bytes]:
        """What has come, as it comes: waiting for whole chunks would let a slow store pass the deadline."""
        try:
            while chunk := response.read1(CHUNK_BYTES, decode_content=False):
                deadline.check(f"fetching {shown(url)}")
                yield chunk
        except BROKEN as error:
            raise broken(url, error, deadline) from error
        deadline.check(f"fetching {shown(url)}")  # a body that was cut off may look like one that ended


def broken(url: str, error: Exception, deadline: Deadline) -> BundleFault:
    """A failure of the network or of the store; worth another try while there is time."""
    if not isinstance(error, NOT_CONNECTED):  # else it is what it is, also where the time ended meanwhile
        deadline.check(f"fetching {shown(url)}")
    # urllib3 puts the connection object's name before its words.
    words = re.sub(r"^[\w.]+\([^()]*\)?: ", "", " ".join(str(error).split()))
    return BundleFault(
        BundleReason.StoreUnreachable,
        f"{shown(url)} cannot be read ({printable(words)[:300]}): look at the store, its name, and at "
        "network policies between this pod and it.",
    )


def extent(url: str, status: int, headers: Mapping[str, str], offset: int) -> tuple[int, int | None]:
    """Where the body starts and how large the whole file is; refused when the answer does not say it."""
    coding = headers.get("Content-Encoding", "")
    if coding.strip().lower() not in {"", "identity"}:
        raise BundleFault(
            BundleReason.BundleInvalid,
            f"{shown(url)} comes as {printable(coding)[:40]!r}, asked for was the file as it is stored: have "
            "the server send it so.",
        )
    length, part = headers.get("Content-Length", ""), headers.get("Content-Range", "")
    if status != 206:
        return 0, int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None
    matched = RANGE.fullmatch(part)
    if matched is None or not offset or int(matched[1]) not in {0, offset}:
        raise BundleFault(
            BundleReason.StoreUnreachable,
            f"{shown(url)} answers with the part {printable(part)[:80]!r}, asked for was all from byte "
            f"{offset}: the store, or a proxy before it, has a problem.",
        )
    return int(matched[1]), None if matched[2] == "*" else int(matched[2])


def store_words(body: bytes) -> str:
    """An S3 store's own code and message, shortened; empty when there is none."""
    text = body.decode("utf-8", "replace")
    code, message = (re.search(rf"<{tag}>([^<]{{1,200}})</{tag}>", text) for tag in ("Code", "Message"))
    if code is None:
        return ""
    return f" ({printable(code[1])}: {printable(message[1])})" if message else f" ({printable(code[1])})"


def shown(url: str) -> str:
    """A URL for messages, which end in logs and in the resource's status: where a store points to may carry a
    user's name, a password or a signature that opens the file to all who read it."""
    start, query, _ = url.partition("?")
    start = re.sub(r"(?<=//)[^/]*@", "...@", start.partition("#")[0])
    return printable(start)[:500] + ("?..." if query else "")


def printable(text: str) -> str:
    """Text of others without what steers a terminal or begins a new line of a log."""
    return "".join(char if char.isprintable() else "?" for char in text)
