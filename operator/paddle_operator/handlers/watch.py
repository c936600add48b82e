"""kopf, and only to be told that something happened: each event becomes the key of a service or a report.

There are no create, update or delete handlers, timers or daemons, so kopf writes neither finalizers nor
annotations. What an event says is not looked at: the flow reads the cluster itself.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any

import kopf

from paddle_operator import names
from paddle_operator.cluster import kinds
from paddle_operator.cluster.leases import HEARTBEAT_LABEL, HEARTBEAT_TOKEN
from paddle_operator.cluster.ports import Key, ReportKey
from paddle_operator.settings import Settings

SETTLE_SECONDS = 0.25
"""Events come in bursts; a key waits this long so that a burst is one visit."""
WATCH_SECONDS = 300
"""The API server ends a watch after this long; kopf then starts the next one where it ended."""
OURS = f"{names.LABEL_MANAGED_BY}={names.MANAGER}"


class JitteredForever:
    """Pauses between retries of kopf's requests, without an end: a watcher that gives up stays dead."""

    def __iter__(self) -> Iterator[float]:
        pause = 1.0
        while True:
            yield pause * random.uniform(0.5, 1.0)  # noqa: S311  spreads load, guards no secret
            pause = min(pause * 2, 20.0)


async def stop(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait for their end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def registry(
    add: Callable[[Key, float], None],
    add_report: Callable[[ReportKey, float], None],
    heartbeat: str,
    beat_seen: Callable[[str], None],
    stop_work: Callable[[], Awaitable[None]],
) -> kopf.OperatorRegistry:
    """The handlers: the resource, everything with our label, reports, the heartbeat's Lease, and the end.

    At the end `stop_work` is called before kopf takes every task that is left for a hung one of its own.
    """
    handlers = kopf.OperatorRegistry()

    async def changed(namespace: str | None, name: str | None, **_: Any) -> None:
        key = Key(str(namespace), str(name))
        add(key, SETTLE_SECONDS)
        add_report(ReportKey(True, key), SETTLE_SECONDS)

    async def report_changed(namespace: str | None, name: str | None, **_: Any) -> None:
        add_report(ReportKey(False, Key(str(namespace), str(name))), SETTLE_SECONDS)

    async def owned_changed(namespace: str | None, labels: Mapping[str, str], **_: Any) -> None:
        if (service := labels.get(names.LABEL_SERVICE)) is not None:
            add(Key(str(namespace), service), SETTLE_SECONDS)

    async def beat(name: str | None, annotations: Mapping[str, str], **_: Any) -> None:
        if name == heartbeat:
            beat_seen(annotations.get(HEARTBEAT_TOKEN, ""))

    async def cleanup(**_: Any) -> None:
        await stop_work()

    kopf.on.event(names.GROUP, names.VERSION, names.PLURAL, registry=handlers)(changed)
    kopf.on.event(names.GROUP, names.VERSION, names.REPORT_PLURAL, registry=handlers)(report_changed)
    for kind in (*kinds.WATCHED, kinds.POD):
        kopf.on.event(kind.group, kind.version, kind.plural, registry=handlers)(owned_changed)
    lease = kinds.LEASE
    kopf.on.event(lease.group, lease.version, lease.plural, registry=handlers)(beat)
    kopf.on.login(registry=handlers)(login)
    kopf.on.cleanup(registry=handlers)(cleanup)
    return handlers


def kopf_settings(settings: Settings) -> kopf.OperatorSettings:
    """What keeps kopf quiet, selective and alive."""
    wanted = kopf.OperatorSettings()
    wanted.posting.enabled = False
    wanted.peering.standalone = True
    wanted.scanning.disabled = bool(settings.scope)
    wanted.networking.error_backoffs = JitteredForever()
    wanted.networking.request_timeout = settings.request_timeout_seconds
    wanted.networking.connect_timeout = 5
    wanted.watching.server_timeout = WATCH_SECONDS
    wanted.watching.client_timeout = WATCH_SECONDS + 30
    wanted.watching.inactivity_timeout = 70
    wanted.watching.chunk_size = 500
    wanted.queueing.worker_limit = 16
    wanted.queueing.error_delays = (1, 2, 5, 10, 30, 60)
    wanted.execution.default_backoff = 10
    wanted.process.ultimate_exiting_timeout = 20
    wanted.persistence.finalizer = f"{names.GROUP}/finalizer"  # never written; ours if it ever were
    for kind in (*kinds.WATCHED, kinds.POD):
        wanted.watching.label_selectors[kind.group, kind.version, kind.plural] = OURS
    lease = kinds.LEASE
    wanted.watching.label_selectors[lease.group, lease.version, lease.plural] = f"{HEARTBEAT_LABEL}=true"
    return wanted


async def login(*, settings: kopf.OperatorSettings, **_: Any) -> kopf.ConnectionInfo | None:
    """The pod's service account, by address and not by a name that needs DNS; or a kubeconfig."""
    found = kopf.login_with_service_account(settings=settings)
    if found is None:
        return kopf.login_with_kubeconfig(settings=settings)
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    return dataclasses.replace(found, server=f"https://{f'[{host}]' if ':' in host else host}:{port}")
