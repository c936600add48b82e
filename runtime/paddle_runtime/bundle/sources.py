"""Reading a bundle's files from where they are: a folder, a web server, an S3 store."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from paddle_runtime.bundle.deadline import Deadline
from paddle_runtime.errors import BundleFault, BundleReason

CHUNK_BYTES = 256 * 1024
CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
# Some stores answer 404 for keys that they do not know; the code in the body tells it from a missing object.
KEY_REFUSED = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "XAdminUserNotFound")
MAX_REDIRECTS = 3
WORDS_BYTES = 2048  # of a refusal's body, for the message
REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True)
class Opened:
    """A file being read. offset: where the chunks start (0 when a range was not granted). size: of the whole
    file in bytes, None when the server does not say."""

    offset: int
    size: int | None
    chunks: Iterator[bytes]


class Source(Protocol):
    """One bundle's folder, somewhere."""

    def open(self, relative: str, offset: int, deadline: Deadline) -> AbstractContextManager[Opened]:
        """Read a file from an offset in bytes; a fault is ModelNotFound when it is not there."""
        ...

    def name(self, relative: str) -> str:
        """How to call a file in a message."""
        ...


class FolderSource:
    """A mounted claim or a bundle of the image."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def name(self, relative: str) -> str:
        """The path."""
        return str(self._root / relative)

    @contextmanager
    def open(self, relative: str, offset: int, deadline: Deadline) -> Iterator[Opened]:
        """Open the file; symbolic links may not lead out of the folder."""
        deadline.check(f"reading {relative}")
        path = self._root / relative
        try:
            if not path.resolve().is_relative_to(self._root.resolve()):
                raise BundleFault(
                    BundleReason.BundleInvalid,
                    f"{path} is a link out of the bundle: put the file itself there.",
                )
            with path.open("rb") as file:
                size = file.seek(0, 2)
                file.seek(offset)
                yield Opened(offset, size, iter(lambda: file.read(CHUNK_BYTES), b""))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise BundleFault(
                BundleReason.ModelNotFound, f"{path} is not there: copy the bundle's folder to it."
            ) from error
        except PermissionError as error:
            raise BundleFault(
                BundleReason.ModelForbidden,
                f"{path} cannot be read by this container's user: make it readable for gid 65532 or for all.",
            ) from error
        except OSError as error:
            raise BundleFault(BundleReason.StoreUnreachable, f"{path} cannot be read: {error}.") from error


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

    def name(self, relative: str) -> str:
        """The URL."""
        return self._base + quote(relative, safe="/-_.~")

    @contextmanager
    def open(self, relative: str, offset: int, deadline: Deadline) -> Iterator[Opened]:
        """GET the file from an offset."""
        url = self.name(relative)
        response = self._get(url, offset, deadline)
        try:
            self._require_success(url, response, deadline)
            start, size = extent(response.status, response.headers, offset)
            yield Opened(start, size, self._chunks(url, response, deadline))
        except (HTTPError, OSError) as error:
            raise unreachable(url, error) from error
        finally:
            response.close()

    def _get(self, url: str, offset: int, deadline: Deadline) -> urllib3.HTTPResponse:
        for _ in range(MAX_REDIRECTS + 1):
            response = self._get_once(url, offset, deadline)
            if response.status not in REDIRECTS:
                return response
            target = response.headers.get("Location")
            response.close()
            url = self._redirected(url, target)
        raise BundleFault(
            BundleReason.AddressRefused,
            f"{url} redirects more than {MAX_REDIRECTS} times: name the final address.",
        )

    def _get_once(self, url: str, offset: int, deadline: Deadline) -> urllib3.HTTPResponse:
        deadline.check(f"asking for {url}")
        # Stored bytes are hashed, so they must come as they are stored.
        headers: Mapping[str, str] = {"Accept-Encoding": "identity", "User-Agent": "paddle-runtime"}
        if offset:
            headers = {**headers, "Range": f"bytes={offset}-"}
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
        except (HTTPError, OSError) as error:
            raise unreachable(url, error) from error
        assert isinstance(response, urllib3.HTTPResponse)  # the only kind a pool of ours makes
        return response

    def _redirected(self, url: str, target: str | None) -> str:
        if not self._follow or target is None:
            raise BundleFault(
                BundleReason.ModelNotFound,
                f"{url} redirects to {target}: the bucket is in another region or at another endpoint; set "
                "spec.model.s3.region and spec.model.s3.endpoint to it.",
            )
        absolute = urljoin(url, target)
        if urlsplit(absolute).scheme != "https":
            raise BundleFault(
                BundleReason.AddressRefused, f"{url} redirects to {absolute}, which is not https: refused."
            )
        return absolute

    def _require_success(self, url: str, response: urllib3.HTTPResponse, deadline: Deadline) -> None:
        if response.status in {200, 206}:
            return
        words = bytearray()
        for chunk in self._chunks(url, response, deadline):
            words += chunk
            if len(words) >= WORDS_BYTES:
                break
        told = store_words(bytes(words))
        status = f"{url} answers {response.status}{told}"
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
                deadline.check(f"fetching {url}")
                yield chunk
        except (HTTPError, OSError) as error:
            raise unreachable(url, error) from error


def unreachable(url: str, error: Exception) -> BundleFault:
    """A failure of the network or of the store; worth another try."""
    # urllib3 puts the connection object's name before its words.
    words = re.sub(r"^[\w.]+\([^()]*\)?: ", "", " ".join(str(error).split()))
    return BundleFault(
        BundleReason.StoreUnreachable,
        f"{url} cannot be read ({words[:300]}): look at the store, its name, and at "
        "network policies between this pod and it.",
    )


def cut_short(name: str, have: int, size: int) -> BundleFault:
    """A body that ended before its size; worth another try."""
    return BundleFault(
        BundleReason.StoreUnreachable,
        f"{name} ended at byte {have} of {size}: look at the store and at the network.",
    )


def extent(status: int, headers: Mapping[str, str], offset: int) -> tuple[int, int | None]:
    """Where the body starts and how large the whole file is, from a response to a ranged request."""
    length = headers.get("Content-Length", "")
    if status == 206:
        matched = re.match(r"^bytes (\d+)-\d+/(\d+|\*)$", headers.get("Content-Range", ""))
        if matched is None:
            return offset, None
        return int(matched[1]), None if matched[2] == "*" else int(matched[2])
    return 0, int(length) if length.isdecimal() else None


def store_words(body: bytes) -> str:
    """An S3 store's own code and message, shortened; empty when there is none."""
    text = body.decode("utf-8", "replace")
    code, message = (re.search(rf"<{tag}>([^<]{{1,200}})</{tag}>", text) for tag in ("Code", "Message"))
    if code is None:
        return ""
    return f" ({code[1]}: {message[1]})" if message else f" ({code[1]})"
