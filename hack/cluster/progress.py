"""Progress for people: what is being done, how far it is, how long it took.

On a terminal a spinner with a live note; elsewhere (CI logs) plain lines, and a note at most every few
seconds. Several steps may run at once from several threads.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

_PLAIN_NOTE_EVERY_SECONDS = 15.0


def seconds(value: float) -> str:
    """A duration as people read it: 0.4 s, 12 s, 3 min 05 s."""
    if value < 10:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    return f"{int(value) // 60} min {int(value) % 60:02d} s"


@dataclass
class Step:
    """One piece of work under way; `note` says how far it is."""

    title: str
    started: float
    on_note: Any = None
    result: str = ""
    _noted: float = field(default=0.0)

    def note(self, text: str) -> None:
        """Say how far the step is (kept short; replaced by the next note)."""
        if self.on_note is not None:
            self.on_note(self, text)

    def done_as(self, text: str) -> None:
        """What the closing line says after the title, for instance a count or a version."""
        self.result = text


class Progress:
    """Prints steps with their durations to one stream."""

    def __init__(self, stream: TextIO | None = None, *, live: bool | None = None) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._lock = threading.Lock()
        self._live = self._make_live(self._stream.isatty() if live is None else live)
        self._running = 0

    def _make_live(self, wanted: bool) -> RichProgress | None:
        if not wanted:
            return None
        try:
            from rich.console import Console  # noqa: PLC0415 - rich is optional
            from rich.progress import Progress as RichProgress  # noqa: PLC0415
            from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
        except ImportError:
            return None
        return RichProgress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TextColumn("[dim]{task.fields[note]}"),
            TimeElapsedColumn(),
            console=Console(file=self._stream, highlight=False, soft_wrap=True),
            transient=True,
        )

    def say(self, text: str) -> None:
        """Print one line as it is."""
        with self._lock:
            if self._live is not None:
                self._live.console.print(text, markup=False)
            else:
                print(text, file=self._stream, flush=True)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show a step while the block runs; a closing line gives its duration, a failing one says so."""
        step = Step(title, time.monotonic())
        close = self._open(step)
        try:
            yield step
        except BaseException:
            close()
            self.say(f"  ✗ {title}  failed after {seconds(time.monotonic() - step.started)}")
            raise
        close()
        tail = f"  {step.result}" if step.result else ""
        self.say(f"  ✓ {title}{tail}  ({seconds(time.monotonic() - step.started)})")

    def _open(self, step: Step) -> Any:
        live = self._live
        if live is None:
            step.on_note = self._plain_note
            step._noted = step.started  # noqa: SLF001 - a step belongs to its progress
            self.say(f"  … {step.title}")
            return lambda: None
        with self._lock:
            self._running += 1
            live.start()
        task = live.add_task(step.title, note="", total=None)
        step.on_note = lambda _step, text: live.update(task, note=text)

        def close() -> None:
            live.remove_task(task)
            with self._lock:
                self._running -= 1
                if self._running == 0:
                    live.stop()

        return close

    def _plain_note(self, step: Step, text: str) -> None:
        now = time.monotonic()
        if now - step._noted >= _PLAIN_NOTE_EVERY_SECONDS:  # noqa: SLF001
            step._noted = now  # noqa: SLF001
            self.say(f"    {step.title}: {text}  ({seconds(now - step.started)})")
