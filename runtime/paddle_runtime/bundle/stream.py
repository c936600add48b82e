"""One file of a store read from its first byte to its last: opened again where a connection broke."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

from paddle_runtime.bundle.deadline import Deadline, retried
from paddle_runtime.bundle.sources import Opened, Source, cut_short
from paddle_runtime.errors import BundleFault, BundleReason


class Stream:
    """Iterates over chunks; `with` closes what is open. arrived(bytes so far, bytes in all or None)."""

    def __init__(
        self,
        source: Source,
        relative: str,
        deadline: Deadline,
        arrived: Callable[[int, int | None], None] = lambda have, size: None,
    ) -> None:
        self._source = source
        self._relative = relative
        self._deadline = deadline
        self._arrived = arrived
        self._stack = ExitStack()
        self._opened: Opened | None = None
        self._have = 0

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __iter__(self) -> Iterator[bytes]:
        while chunk := retried(self._next, self._deadline):
            self._have += len(chunk)
            self._arrived(self._have, self._opened.size if self._opened else None)
            yield chunk

    def _next(self) -> bytes:
        try:
            opened = self._opened or self._open()
            self._deadline.check(f"fetching {self._source.name(self._relative)} ({self._have} bytes so far)")
            chunk = next(opened.chunks, b"")
            if not chunk and opened.size is not None and self._have < opened.size:
                raise cut_short(self._source.name(self._relative), self._have, opened.size)
            return chunk
        except BundleFault:
            self._opened = None
            self._stack.close()
            raise

    def _open(self) -> Opened:
        opened = self._stack.enter_context(self._source.open(self._relative, self._have, self._deadline))
        if opened.offset != self._have:
            # What was unpacked cannot be taken back, and the bytes before this one may be others by now.
            raise BundleFault(
                BundleReason.BundleInvalid,
                f"{self._source.name(self._relative)} changed, or its store gives no ranges, while its "
                f"connection broke at byte {self._have}: try again, or upload the bundle as a folder.",
            )
        self._opened = opened
        return opened
