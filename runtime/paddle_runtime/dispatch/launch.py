"""From nothing to a warm worker process."""

from __future__ import annotations

import logging
from asyncio import timeout
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from paddle_runtime.dispatch.child import Child, WorkerGone
from paddle_runtime.dispatch.slab import SlabSize
from paddle_runtime.errors import BundleFault, BundleReason

log = logging.getLogger(__name__)

PHASE_REASONS = {"warm-up": BundleReason.WarmupFailed, "self-test": BundleReason.SelfTestFailed}


@dataclass(frozen=True)
class WorkerPlan:
    """How workers are started, on how many devices, what they share with us, how long they may take.

    Times are seconds. stall_seconds: longest without progress. ping_seconds: how often an idle worker is
    asked whether it lives, and how long it has to answer; a busy one has as long to take up what it is given.
    """

    command: tuple[str, ...]
    order: Mapping[str, Any]
    devices: int
    load_timeout_seconds: float
    stall_seconds: float
    ping_seconds: float
    slab: SlabSize


async def launch(plan: WorkerPlan, name: str, device: int, loaded: Callable[[str, float], None]) -> Child:
    """A worker that is loaded, tested and warm; or the BundleFault, WorkerGone or OSError that it met."""
    child = await Child.start(plan.command, plan.slab)
    done: list[str] = []

    def progress(phase: str, seconds: float, text: str) -> None:
        done.append(phase)
        log.info("%s: %s", name, text)
        loaded(phase, seconds)

    try:
        async with timeout(plan.load_timeout_seconds):
            warm = await child.open({**plan.order, "deviceId": device}, progress)
    except BaseException as error:
        child.kill()
        await child.close()
        if isinstance(error, TimeoutError):
            raise too_slow(
                f"worker process {child.pid} was not warm after {plan.load_timeout_seconds:g} s", done
            ) from None
        raise
    log.info("%s: ready, process %d, %s", name, child.pid, warm.header.get("text", ""))
    return child


def load_fault(gone: WorkerGone) -> BundleFault:
    """A worker that ended without a word while starting."""
    return BundleFault(
        PHASE_REASONS.get(gone.phase, BundleReason.LoadFailed),
        f"{gone}, before it was ready. If it was ended by SIGKILL the memory limit is too low "
        "(a worker with the PP-OCR models needs about 1 GiB); otherwise its last log lines say why.",
    )


def start_fault(error: OSError) -> BundleFault:
    """The system would not start a process."""
    return BundleFault(
        BundleReason.LoadFailed,
        f"a worker process cannot be started ({error}): there is no memory, or no room for a process or a "
        "file descriptor more; raise that limit, or start fewer workers.",
    )


def too_slow(what: str, phases_done: Collection[str]) -> BundleFault:
    """Time ran out before the first worker was warm. Trying again would take as long, so it is final."""
    loaded = "load" in phases_done
    during = "its model was tested and warmed" if loaded else "its model was loaded"
    return BundleFault(
        BundleReason.WarmupFailed if loaded else BundleReason.LoadFailed,
        f"{what}, while {during}. If that was too short, raise spec.model.preload.timeoutSeconds (outside a "
        "cluster --load-timeout-seconds, or what sent the signal), or the CPU limit.",
    )
