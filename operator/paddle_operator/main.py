"""Wiring: everything is made here once and handed to those who need it."""

from __future__ import annotations

import asyncio
import logging
import os
import random
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime

import kopf

from paddle_operator.cluster import kinds
from paddle_operator.cluster.api import Api
from paddle_operator.cluster.client import KubernetesCluster
from paddle_operator.cluster.events import ApiEvents
from paddle_operator.cluster.heartbeat import Heartbeat
from paddle_operator.cluster.lease import Lease, Terms
from paddle_operator.cluster.leases import ApiLeaseStore, HeartbeatLease
from paddle_operator.cluster.ports import Key
from paddle_operator.errors import ClusterRefused
from paddle_operator.handlers.probes import probes
from paddle_operator.handlers.queue import KeyedQueue
from paddle_operator.handlers.watch import kopf_settings, registry
from paddle_operator.logs import set_up_logs
from paddle_operator.reconcile import Reconciler
from paddle_operator.settings import Settings
from paddle_operator.spec.workload import Device

WAIT_FOR_CRD_SECONDS = 5.0
logger = logging.getLogger(__name__)


def run() -> None:
    """Run the operator until it is told to stop. The settings come from the environment."""
    settings = Settings.from_environment(os.environ)
    set_up_logs(settings.log_format, settings.log_level)
    asyncio.run(operate(settings))


async def operate(settings: Settings) -> None:
    """Serve the probes, keep the Lease, work through the queue that kopf's watches fill."""
    api = await Api.connect(settings.request_timeout_seconds)
    lease_store = ApiLeaseStore(api, settings.namespace, settings.lease_name, settings.lease_seconds)
    terms = Terms(settings.lease_seconds, settings.lease_renew_seconds, settings.lease_retry_seconds)
    lease = Lease(lease_store, settings.identity, terms, _now)
    pulse = HeartbeatLease(api, settings.namespace, settings.identity, settings.pod_uid, _now)
    heartbeat = Heartbeat(pulse.touch, settings.heartbeat_seconds, settings.heartbeat_limit_seconds)
    queue: KeyedQueue[Key] = KeyedQueue()
    flow = Reconciler(
        KubernetesCluster(api, _images(settings)),
        ApiEvents(api, settings.identity),
        _now,
        lambda: settings.resync_seconds * random.uniform(0.8, 1.2),  # noqa: S311  spreads load
    )

    async def work() -> None:
        queue.rush(settings.lease_seconds)
        await queue.run(flow, settings.workers)

    def not_ready() -> str:
        unready = "" if heartbeat.returned else "no heartbeat has come back over the watch yet"
        return heartbeat.trouble() or unready or ("" if lease.known else "the Lease has not been read yet")

    async with AsyncExitStack() as stack:
        stack.push_async_callback(api.close)
        await stack.enter_async_context(probes(settings.probe_port, heartbeat.trouble, not_ready))
        await _wait_for_crd(api, settings)
        stack.push_async_callback(_leave, lease, pulse)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(heartbeat.beat()), group.create_task(lease.lead(work))]
            await kopf.operator(
                registry=registry(queue.add, pulse.name, heartbeat.seen),
                settings=kopf_settings(settings),
                clusterwide=not settings.scope,
                namespaces=settings.scope,
            )
            for task in tasks:
                task.cancel()


async def _wait_for_crd(api: Api, settings: Settings) -> None:
    """Start only when the resource can be listed: kopf would wait for its CRD in silence, or end."""
    namespace = settings.scope[0] if settings.scope else None
    while True:
        try:
            await api.list(kinds.SERVICE_RESOURCE, namespace, limit="1")
        except ClusterRefused as refused:
            advice = "install the chart paddle-sla-crds, and the operator's role"
            logger.warning("PaddleModelService cannot be listed (%s): %s", refused, advice)
            await asyncio.sleep(WAIT_FOR_CRD_SECONDS)
        else:
            return


async def _leave(lease: Lease, pulse: HeartbeatLease) -> None:
    """Give back the Lease and take the heartbeat along."""
    await lease.release()
    with suppress(ClusterRefused):
        await pulse.remove()


def _images(settings: Settings) -> dict[Device, str]:
    return {device: getattr(settings, f"runtime_image_{device.value.lower()}") for device in Device}


def _now() -> datetime:
    return datetime.now(UTC)
