"""A PDF's pages as pictures: sizes and limits are decided here, a process of its own draws (pdf_renderer.py).

Forms are drawn with what is filled in, since that is what a reader sees; scripts and actions never run.
"""

from __future__ import annotations

import json
import math
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from paddle_runtime import limits
from paddle_runtime.border import border
from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.limits import Limits
from paddle_runtime.page_ranges import Ranges, chosen
from paddle_runtime.pipeline.picture import Picture
from paddle_runtime.request_options import PDF_DPI_RANGE

COMMAND = (sys.executable, "-P", "-m", "paddle_runtime.pdf_renderer")
POINTS_AN_INCH = 72
START_SECONDS = 20.0
# A page of text takes 10 to 50 ms, a scanned one 200 ms: what takes this long was made to.
PAGE_SECONDS = 10.0
MAX_LINE_BYTES = 4096
LOOK_SECONDS = 0.1  # whether anybody still waits for the answer


class Pdf:
    """An open document; `close` it."""

    form = "pdf"

    def __init__(self, renderer: Renderer, numbers: Sequence[int], caps: Limits, dpi: float) -> None:
        self.numbers = numbers
        self._renderer = renderer
        self._caps = caps
        self._dpi = dpi

    def page(self, number: int) -> Picture:
        """Height x width x 3, blue green red, on white."""
        size = self._renderer.ask(f"size {number}", f"page {number}")
        width, height = self._pixels(number, float(size["width"]), float(size["height"]))
        self._renderer.ask(f"draw {number} {width} {height}", f"page {number}")
        picture = np.empty((height, width, 3), dtype=np.uint8)
        self._renderer.read_into(picture.reshape(-1).data, f"page {number}")
        return picture

    def close(self) -> None:
        """End the renderer."""
        self._renderer.close()

    def _pixels(self, number: int, width_points: float, height_points: float) -> tuple[int, int]:
        """Width and height of a page, held against the caps before a pixel is made."""
        scale = self._dpi / POINTS_AN_INCH
        size = (max(1, math.ceil(width_points * scale)), max(1, math.ceil(height_points * scale)))
        try:
            limits.check_size(size, self._caps)
        except Invalid as fault:
            raise Invalid(
                fault.reason,
                f"page {number} has {width_points:g} x {height_points:g} points and would be drawn at "
                f"{self._dpi:g} dpi: {fault}{self._advice(width_points, height_points)}",
            ) from None
        return size

    def _advice(self, width_points: float, height_points: float) -> str:
        width, height = max(width_points, 1) / POINTS_AN_INCH, max(height_points, 1) / POINTS_AN_INCH
        fitting = min(
            math.sqrt(self._caps.max_pixels / (width * height)), self._caps.max_side / max(width, height)
        )
        dpi = int(fitting) - 1  # one less, since both sides are rounded up
        return f", for instance with the option dpi={dpi}" if dpi >= PDF_DPI_RANGE[0] else ""


def open_pdf(data: bytes, ranges: Ranges | None, caps: Limits, dpi: float) -> Pdf:
    """The pages that are wanted; Invalid when there is nothing to read."""
    renderer = Renderer()
    try:
        pages = int(renderer.open(data)["pages"])
        if pages < 1:
            raise damaged("has no pages: send one that has")
        return Pdf(renderer, chosen(ranges, pages, caps.max_pages), caps, dpi)
    except BaseException:
        renderer.close()
        raise


class Renderer:
    """The process that draws, asked one thing after the other."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._answers = self._process.stdin, self._process.stdout
        self._unread = bytearray()
        self._until = 0.0

    def open(self, data: bytes) -> dict[str, Any]:
        """Hand the document over; {"pages": n}."""
        self._until = time.monotonic() + START_SECONDS
        if self._line() is None:
            raise RuntimeError(f"the PDF renderer did not start ({self._ending()}); is pypdfium2 installed?")
        try:
            self._requests.write(b"%d\n" % len(data))
            self._requests.write(data)
            self._requests.flush()
        except BrokenPipeError:
            raise damaged(f"cannot be opened ({self._ending()}): send its pages as pictures") from None
        return self._answer("")

    def ask(self, line: str, what: str) -> dict[str, Any]:
        """One line to it, one from it."""
        try:
            self._requests.write(line.encode() + b"\n")
            self._requests.flush()
        except BrokenPipeError:
            raise damaged(f"{what} cannot be drawn ({self._ending()}): send it as a picture") from None
        return self._answer(what)

    def read_into(self, buffer: memoryview, what: str) -> None:
        """The bytes that follow the answer."""
        filled = len(self._unread)
        buffer[:filled] = self._unread
        self._unread.clear()
        while filled < len(buffer):
            count = os.readv(self._answers.fileno(), [buffer[filled:]]) if self._there_is_more() else 0
            if not count:
                raise damaged(f"{what} cannot be drawn ({self._ending()}): send it as a picture")
            filled += count

    def close(self) -> None:
        """End it, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._requests, self._answers):
            try:
                pipe.close()
            except BrokenPipeError:
                continue  # what it was to be told last

    def _answer(self, what: str) -> dict[str, Any]:
        """Its next line; `what` is a page, "" the document."""
        failed = f"{what} cannot be drawn" if what else "cannot be opened"
        self._until = time.monotonic() + PAGE_SECONDS
        line = self._line()
        if line is None:
            raise damaged(f"{failed} ({self._ending()}): send it as a picture")
        answer: dict[str, Any] = json.loads(line)
        if answer.get("fault") == "locked":
            raise damaged("is encrypted: send it without a password")
        if "fault" in answer:
            raise damaged(f"{failed} ({answer['message']}): send a complete file")
        return answer

    def _line(self) -> bytes | None:
        """The next line, None when there is none in time or at all."""
        while b"\n" not in self._unread:
            more = os.read(self._answers.fileno(), MAX_LINE_BYTES) if self._there_is_more() else b""
            if not more:
                return None
            self._unread += more
        line, _, rest = bytes(self._unread).partition(b"\n")
        self._unread = bytearray(rest)
        return line

    def _there_is_more(self) -> bool:
        """Wait for bytes or for its end; False when the time is over."""
        while (left := self._until - time.monotonic()) > 0:
            border()
            if select.select([self._answers], [], [], min(left, LOOK_SECONDS))[0]:
                return True
        return False

    def _ending(self) -> str:
        """How it ended, for people; it ends here where it did not."""
        try:
            code = self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return "it takes too long"
        return (
            f"its renderer was ended by {signal.Signals(-code).name}"
            if code < 0
            else f"its renderer ended: {code}"
        )


def damaged(what: str) -> Invalid:
    """A PDF of which nothing can be read, for a reason."""
    return Invalid(RequestReason.UNDECODABLE, f"the PDF {what}.")
