"""The front end's one event loop: sockets, workers, signals, and how it ends."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NoReturn

from prometheus_client import CollectorRegistry, disable_created_metrics

from paddle_runtime import sla
from paddle_runtime.admission import Room
from paddle_runtime.allocator import Trimmer, glibc_trim, keep_small
from paddle_runtime.batching.policy import Window
from paddle_runtime.dispatch.cpus import cpu_limit
from paddle_runtime.dispatch.launch import WorkerPlan, too_slow
from paddle_runtime.dispatch.memory import measure, resident_bytes
from paddle_runtime.dispatch.pool import Pool
from paddle_runtime.dispatch.seat import first_of
from paddle_runtime.dispatch.slab import SlabSize
from paddle_runtime.dispatch.staffing import MIB, wish
from paddle_runtime.errors import BundleFault
from paddle_runtime.health import Event, Health, drained
from paddle_runtime.limits import Limits
from paddle_runtime.metrics import Metrics
from paddle_runtime.service import Served, Service
from paddle_runtime.settings import Settings
from paddle_runtime.tasks import TASKS, Task
from paddle_runtime.transport import codes
from paddle_runtime.transport.front import Door, Front
from paddle_runtime.transport.grpc_start import start_grpc
from paddle_runtime.transport.http_app import Description, make_app
from paddle_runtime.transport.http_body import BodyRules
from paddle_runtime.transport.http_server import HttpServer, make_server

log = logging.getLogger(__name__)
SLA_LOOK_SECONDS = 2.0
DRAIN_LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Model:
    """What is served. order: what each worker is told to open."""

    name: str
    task: Task
    digest: str
    engine: str
    metadata: Mapping[str, Any]
    order: Mapping[str, Any]
    verify_seconds: float


class Server:
    """One model, its workers and its HTTP server. `run` does it all once."""

    def __init__(self, settings: Settings, model: Model, command: tuple[str, ...]) -> None:
        self._settings = settings
        self._model = model
        self._command = command
        # not the loop's time, which uvloop gives in whole milliseconds
        self._clock = time.monotonic
        self._health = Health()
        self._door = Door()
        self._thresholds: tuple[float, ...] = ()
        self._sla_identity: sla.Identity | None = None
        self._phases_done: set[str] = set()

    async def run(self, listener: socket.socket) -> BundleFault | None:
        """Serve until a signal (None), or until no worker can be had or was had in time (the fault)."""
        began = self._clock() - self._model.verify_seconds
        self._metrics = self._make_metrics()
        pool = self._make_pool()
        front = self._make_front(pool)
        description = Description(_version(), self._model.metadata, lambda: pool.alive)
        http = self._make_http(front, description)
        stop_grpc = await start_grpc(front, description, self._settings, self._room(front))
        stop = self._stop_on_signals()
        serving = asyncio.create_task(http.serve(sockets=[listener]))
        watching = asyncio.create_task(self._watch_sla())
        trimming = asyncio.create_task(keep_small(Trimmer(glibc_trim())))
        pool.start()
        host, port = listener.getsockname()[:2]
        log.info("listening on http://%s:%d, not ready until a worker is warm", host, port)
        await first_of(stop, pool.fatal, serving)
        ended = pool.fatal.result() if pool.fatal.done() else None
        if stop.done():
            ended = ended or self._stopped_cold(stop.result(), pool, self._clock() - began)
        if stop.done() and ended is None:  # else nothing was ever taken that could be waited for
            await asyncio.gather(self._drain(stop.result()), stop_grpc(self._settings.drain_seconds))
        watching.cancel()
        trimming.cancel()
        await pool.stop()
        http.stop()
        await stop_grpc(0)
        await serving
        return ended

    # Wiring

    def _make_metrics(self) -> Metrics:
        self._sla_identity = sla.identity(Path(self._settings.sla_file))
        self._thresholds = self._read_thresholds(())
        disable_created_metrics()  # type: ignore[no-untyped-call]
        metrics = Metrics(
            CollectorRegistry(),
            outcomes=codes.OUTCOME_LABELS,
            refusals=sorted(reason.value for reason in codes.REFUSED_REASONS),
            stages=TASKS[self._model.task].stages,
            boundaries=sla.boundaries_seconds(self._thresholds),
        )
        model, settings = self._model, self._settings
        metrics.describe_model(
            name=model.name,
            digest=model.digest,
            task=model.task,
            engine=model.engine,
            device=settings.device,
            revision=settings.revision,
        )
        metrics.loaded("verify", model.verify_seconds)
        return metrics

    def _make_pool(self) -> Pool:
        settings, cpus = self._settings, cpu_limit()
        wished = wish(
            workers=settings.workers,
            on_cpu=settings.device == "CPU",
            cpus=cpus,
            devices=settings.device_count,
            standby=settings.standby,
            worker_mib=settings.worker_memory_mib,
        )
        if wished.complaint:
            log.warning("%s", wished.complaint)
        model = self._model
        log.info(
            "serving %s (task %s) on %s; %.2f CPUs may be used, so up to %d worker processes",
            model.name,
            model.task,
            settings.device,
            cpus,
            wished.workers,
        )
        plan = WorkerPlan(
            command=self._command,
            order=model.order,
            devices=wished.devices,
            load_timeout_seconds=settings.load_timeout_seconds,
            stall_seconds=settings.stall_seconds,
            ping_seconds=settings.ping_seconds,
            slab=SlabSize.of(settings.shared_memory_mib),
        )
        window = Window(settings.batch_max_size, settings.batch_max_delay_milliseconds / 1000)
        # For every task, since tensors in JSON grow as pictures do. A PDF's renderer works in the decoder's
        # place and takes less for usual files.
        measured = partial(
            measure,
            held_bytes=settings.max_held_bytes,
            request_bytes=settings.max_decode_bytes + settings.shared_memory_mib * MIB,
        )
        return Pool(wished, plan, self, self._clock, measure=measured, window=window)

    def _make_front(self, pool: Pool) -> Front:
        settings = self._settings
        service = Service(
            Served(self._model.name, self._model.task, str(self._model.metadata["versions"][0])),
            pool,
            Limits(
                max_body_bytes=settings.max_body_bytes,
                max_pixels=settings.max_pixels,
                max_side=settings.max_side,
                max_pages=settings.max_pages,
                max_decode_bytes=settings.max_decode_bytes,
            ),
            Room(settings.queue_max_requests, settings.max_held_bytes, settings.request_timeout_seconds),
            promised_seconds=lambda: self._thresholds[-1] if self._thresholds else None,
            clock=self._clock,
        )
        self._add_gauges(pool, service)
        return Front(
            service=service,
            health=self._health,
            metrics=self._metrics,
            door=self._door,
            rules=BodyRules(settings.body_timeout_seconds, settings.max_parts),
            clock=self._clock,
            thresholds=lambda: self._thresholds,
            headers={"X-Paddle-Revision": settings.revision} if settings.revision else {},
        )

    def _make_http(self, front: Front, description: Description) -> HttpServer:
        settings = self._settings
        return make_server(
            make_app(front, description),
            header_seconds=settings.header_timeout_seconds,
            max_header_bytes=settings.max_header_bytes,
            answer_seconds=settings.body_timeout_seconds,
        )

    def _room(self, front: Front) -> Callable[[], float]:
        """Bytes that bodies, and answers over gRPC that are not taken yet, leave for other answers."""
        most = self._settings.max_held_bytes
        return lambda: most - front.service.held_bytes - front.door.untaken_bytes

    def _add_gauges(self, pool: Pool, service: Service) -> None:
        metrics = self._metrics
        metrics.gauge("queue_depth", lambda: pool.waiting)
        metrics.gauge("inflight_requests", lambda: self._door.inside)
        metrics.gauge("held_bytes", lambda: service.held_bytes)
        metrics.gauge("ready", lambda: self._health.ready)
        metrics.gauge("workers", lambda: pool.wanted)
        metrics.gauge("warm_workers", lambda: pool.warm)
        metrics.worker_memory({str(index): _memory_of(pool, index) for index in range(pool.wanted)})

    # What the pool tells (dispatch.pool.PoolObserver)

    def warm_workers(self, count: int) -> None:
        """Ready is: at least one warm worker, and not draining."""
        before = self._health.state
        state = self._health.happen(Event.WARM if count else Event.COLD, now=self._clock())
        if state is not before:
            log.info("%s: %d warm workers", state, count)

    def loaded(self, phase: str, seconds: float) -> None:
        """Counted, and kept for the case that it never becomes warm."""
        self._phases_done.add(phase)
        self._metrics.loaded(phase, seconds)

    def worked(self, busy_seconds: float) -> None:
        """Counted."""
        self._metrics.worked(busy_seconds)

    def lost(self, reason: str) -> None:
        """Counted."""
        self._metrics.lost(reason)

    # The promise's thresholds

    async def _watch_sla(self) -> None:
        """Take over changed thresholds; a file that cannot be used changes nothing."""
        path = Path(self._settings.sla_file)
        while True:
            await asyncio.sleep(SLA_LOOK_SECONDS)
            found = sla.identity(path)
            if found == self._sla_identity:
                continue
            self._sla_identity = found
            thresholds = self._read_thresholds(self._thresholds)
            if thresholds != self._thresholds:
                self._thresholds = thresholds
                self._metrics.set_boundaries(sla.boundaries_seconds(thresholds))
                log.info("latency thresholds are now %s s", list(thresholds))

    def _read_thresholds(self, fallback: tuple[float, ...]) -> tuple[float, ...]:
        try:
            return sla.read_thresholds(Path(self._settings.sla_file))
        except sla.SlaFault as fault:
            log.warning("%s; thresholds stay %s s", fault, list(fallback))
            return fallback

    # The end

    def _stop_on_signals(self) -> asyncio.Future[str]:
        """The first SIGTERM or SIGINT completes the future; the second ends the process at once."""
        loop = asyncio.get_running_loop()
        stop: asyncio.Future[str] = loop.create_future()

        def on_signal(received: signal.Signals) -> None:
            if stop.done():
                log.warning("%s again: ending at once", received.name)
                _end_at_once(received)
            stop.set_result(received.name)

        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, on_signal, each)
        return stop

    def _stopped_cold(self, name: str, pool: Pool, seconds: float) -> BundleFault | None:
        """The fault of a server that was ended before it ever was ready, as a startup probe does; else None.

        Somebody's Ctrl-C is no fault.
        """
        if pool.ever_warm or name != signal.SIGTERM.name:
            return None
        what = f"asked to stop: {name} came {seconds:.1f} s after the start and no worker was warm yet"
        earlier = [str(seat.record.fault) for seat in pool.seats if seat.record.fault is not None]
        return too_slow(f"{what} (an earlier try: {earlier[0]})" if earlier else what, self._phases_done)

    async def _drain(self, why: str) -> None:
        """Not ready at once; everything accepted is answered, and what still comes on open connections."""
        settings = self._settings
        self._health.happen(Event.DRAIN, now=self._clock())
        since = self._clock()
        log.info("%s: draining, %d requests inside", why, self._door.inside)
        while not drained(  # noqa: ASYNC110  two clocks decide here, not one event
            now=self._clock(),
            since=since,
            last_request=self._door.last_request,
            in_flight=self._door.inside,
            quiet_seconds=settings.drain_quiet_seconds,
            longest_seconds=settings.drain_seconds,
        ):
            await asyncio.sleep(DRAIN_LOOK_SECONDS)
        log.info("drained in %.1f s, %d requests unanswered", self._clock() - since, self._door.inside)


def _end_at_once(received: signal.Signals) -> NoReturn:
    """Workers follow by the kernel's signal for children whose parent died."""
    os._exit(128 + received)


def _memory_of(pool: Pool, index: int) -> Callable[[], float]:
    return lambda: resident_bytes(pool.pid_of(index))


def _version() -> str:
    try:
        return version("paddle-sla")
    except PackageNotFoundError:
        return "0"
