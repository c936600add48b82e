"""One worker process seen from the front end: start it, talk to it, end it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from paddle_runtime.dispatch.exchange import Answer, pack_batch, unpack_answers
from paddle_runtime.dispatch.frames import BrokenFrame, Buffer, Frame, encode, read_frame
from paddle_runtime.dispatch.job import Job
from paddle_runtime.dispatch.slab import Slab, SlabSize
from paddle_runtime.errors import BundleFault, BundleReason

WORKER_COMMAND = (sys.executable, "-P", "-m", "paddle_runtime.worker")
# Paddle, its OpenVINO engine, OpenCV and numpy each keep a pool of their own: one math thread a worker,
# as many workers as CPUs.
ONE_MATH_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
}
# One thread computes: more arenas only hold on to memory. Giving large blocks back as they are freed would
# spare nothing at the peak, and cost 10,000 page faults a picture: 5 % of all time.
LITTLE_MEMORY = {"MALLOC_ARENA_MAX": "1"}
# Said at each import of paddle, of a compiler that nobody uses here.
QUIET = {"PYTHONWARNINGS": "ignore:No ccache found:UserWarning"}
PARTING_SECONDS = 2.0
# A timer of the front end that is this late was not the worker's fault: the pod was frozen.
LATE_SECONDS = 1.0
STANDARD_ERROR = 2
# What a worker is doing after it reported a phase as done.
NEXT_PHASE = {"load": "self-test", "self-test": "warm-up"}


class WorkerGone(Exception):
    """The process ended; the message says how, `phase` what it was doing when it was not yet warm."""

    def __init__(self, message: str, phase: str = "") -> None:
        super().__init__(message)
        self.phase = phase


class Child:
    """A running worker process. Made by `start`; spawned, never forked, so that it shares nothing with us."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        slab: Slab,
    ) -> None:
        self.slab = slab
        self.batches = 0
        self.computes_together = False
        self._process = process
        self._reader = reader
        self._writer = writer
        self.exited: asyncio.Task[int] = asyncio.create_task(process.wait())

    @classmethod
    async def start(cls, command: tuple[str, ...], size: SlabSize) -> Child:
        """Start the process with one end of a socket pair, whose descriptor is an argument, and a slab."""
        ours, theirs = socket.socketpair()
        slab = Slab.create(size)
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                str(theirs.fileno()),
                str(os.getpid()),
                pass_fds=(theirs.fileno(), slab.descriptor),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=STANDARD_ERROR,  # frameworks print; our standard output is not theirs
                start_new_session=True,  # the terminal's Ctrl-C is for the front end, which drains first
                env={**LITTLE_MEMORY, **os.environ, **QUIET, **ONE_MATH_THREAD},
            )
        except BaseException:
            slab.close()
            ours.close()
            raise
        finally:
            theirs.close()
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        return cls(process, reader, writer, slab)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    async def ask(self, header: Mapping[str, Any], payload: Sequence[Buffer] = ()) -> Frame:
        """Send one message and wait for the next; WorkerGone when the process ends before it answers."""
        try:
            self._writer.writelines(encode(header, payload))
            await self._writer.drain()
            return await read_frame(self._reader)
        except (asyncio.IncompleteReadError, ConnectionError, BrokenFrame) as error:
            raise WorkerGone(await self._how_it_ended(error)) from error

    async def answer(self, jobs: Sequence[Job]) -> tuple[list[Answer], float]:
        """The answers to a batch and the seconds that the worker computed; WorkerGone as above."""
        self.batches += 1
        header, rest = pack_batch(self.slab, self.batches, jobs)
        frame = await self.ask(header, rest)
        try:
            return unpack_answers(self.slab, frame, len(jobs)), float(frame.header["busySeconds"])
        except (BrokenFrame, KeyError, TypeError, ValueError) as error:
            raise WorkerGone(await self._how_it_ended(error)) from error

    async def ping(self, seconds: float) -> bool:
        """Whether the idle worker's own loop answers in time."""
        asking = asyncio.ensure_future(self.ask({"type": "ping"}))
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        await asyncio.wait({asking}, timeout=seconds)
        if not asking.done() and loop.time() - due > LATE_SECONDS:
            # we were frozen too, and so was the worker perhaps: its time begins now
            await asyncio.wait({asking}, timeout=seconds)
        if not asking.done():
            asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        return not asking.cancelled() and asking.exception() is None and asking.result().kind == "pong"

    async def open(self, order: Mapping[str, Any], progress: Callable[[str, float, str], None]) -> Frame:
        """Have the worker load, test and warm its model; the "warm" message, or the BundleFault it met."""
        phase = "load"
        try:
            frame = await self.ask({"type": "open", **order, **self._slab_told()})
            while frame.kind == "progress":
                phase = NEXT_PHASE.get(str(frame.header["phase"]), "load")
                progress(
                    str(frame.header["phase"]), float(frame.header["seconds"]), str(frame.header["text"])
                )
                frame = await read_frame(self._reader)
        except (WorkerGone, asyncio.IncompleteReadError, ConnectionError, BrokenFrame) as error:
            how = str(error) if isinstance(error, WorkerGone) else await self._how_it_ended(error)
            raise WorkerGone(f"{how} in {phase}", phase) from error
        if frame.kind == "fault":
            raise BundleFault(BundleReason[frame.header["reason"]], str(frame.header["message"]))
        self.computes_together = bool(frame.header["batches"])
        return frame

    def kill(self) -> None:
        """End the process at once; harmless when it has ended already."""
        if not self.exited.done():
            try:
                self._process.kill()
            except ProcessLookupError:
                return  # it ended in between, which is what was wanted

    async def close(self) -> None:
        """Close the connection, upon which an idle worker leaves by itself; kill one that does not."""
        self._writer.close()
        self.slab.close()
        done, _ = await asyncio.wait({self.exited}, timeout=PARTING_SECONDS)
        if not done:
            self.kill()
            await self.exited

    def _slab_told(self) -> dict[str, Any]:
        """How the worker finds the slab."""
        size = self.slab.size
        return {
            "slab": self.slab.descriptor,
            "slabRequestBytes": size.requests,
            "slabAnswerBytes": size.answers,
        }

    async def _how_it_ended(self, error: Exception) -> str:
        """Exit code or signal, for people. A process that closed its connection and lives on is killed."""
        done, _ = await asyncio.wait({self.exited}, timeout=PARTING_SECONDS)
        if not done:
            self.kill()
            await self.exited
            return f"worker process {self.pid} broke its connection ({error}) and was killed"
        code = self.exited.result()
        if code < 0:
            return f"worker process {self.pid} was ended by {signal.Signals(-code).name}"
        return f"worker process {self.pid} ended with exit code {code}"
