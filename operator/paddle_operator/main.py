"""Wiring: everything is made here once and handed to those who need it."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version

import kopf
from prometheus_client import CollectorRegistry, disable_created_metrics

from paddle_operator import names
from paddle_operator.cluster.api import Api
from paddle_operator.cluster.client import KubernetesCluster
from paddle_operator.cluster.events import ApiEvents
from paddle_operator.cluster.heartbeat import Heartbeat
from paddle_operator.cluster.lease import Lease, Terms
from paddle_operator.cluster.leases import ApiLeaseStore, HeartbeatLease
from paddle_operator.cluster.ports import Cluster, Events, Key, ReportKey, Room
from paddle_operator.cluster.reports import KubernetesReports
from paddle_operator.cluster.room import KubernetesRoom
from paddle_operator.cluster.startup import until_served
from paddle_operator.golden.asking import AT_A_TIME, Golden
from paddle_operator.golden.http import HttpAsk
from paddle_operator.handlers.probes import probes
from paddle_operator.handlers.queue import KeyedQueue
from paddle_operator.handlers.watch import kopf_settings, registry, stop
from paddle_operator.logs import set_up_logs
from paddle_operator.measure import Measuring
from paddle_operator.metrics.ports import Metrics
from paddle_operator.metrics.prometheus import Prometheus
from paddle_operator.plan import Platform
from paddle_operator.profiling import Profiling
from paddle_operator.proving import Proving
from paddle_operator.reconcile import Reconciler
from paddle_operator.report_flow import ReportFlow
from paddle_operator.settings import Settings
from paddle_operator.sla.counting import Scraping
from paddle_operator.sla.load_queries import AcceleratorSource
from paddle_operator.spec.workload import Device
from paddle_operator.telemetry.edges import MeasuredCluster, MeasuredMetrics, MeasuredReports, measured
from paddle_operator.telemetry.series import Telemetry


def run() -> None:
    """Run the operator until it is told to stop. The settings come from the environment."""
    settings = Settings.from_environment(os.environ)
    set_up_logs(settings.log_format, settings.log_level)
    asyncio.run(operate(settings))


async def operate(settings: Settings) -> None:
    """Serve the probes, keep the Lease, work through the queue that kopf's watches fill."""
    telemetry = _telemetry()
    api = await Api.connect(settings.request_timeout_seconds, telemetry.sent)
    lease = _lease(settings, api)
    pulse = HeartbeatLease(api, settings.namespace, settings.identity, settings.pod_uid, _now)
    heartbeat = Heartbeat(pulse.touch, settings.heartbeat_seconds, settings.heartbeat_limit_seconds)
    queue: KeyedQueue[Key] = KeyedQueue(waited=telemetry.waited)
    reports: KeyedQueue[ReportKey] = KeyedQueue()
    cluster = MeasuredCluster(KubernetesCluster(api, _given(settings)), telemetry)
    events, room = ApiEvents(api, settings.identity), KubernetesRoom(api)
    prometheus = _prometheus(settings)
    metrics = MeasuredMetrics(prometheus, telemetry) if prometheus else None
    goldens: KeyedQueue[Key] = KeyedQueue()
    ask = HttpAsk()
    golden = Golden(ask, telemetry, goldens.add)
    asked_by_reports = _prometheus(settings)  # its own: what is large and slow there silences nobody here
    large = MeasuredMetrics(asked_by_reports, telemetry) if asked_by_reports else None
    shelves = MeasuredReports(KubernetesReports(api), telemetry)
    report_flow = _reports(settings, large, shelves, queue.add)
    flow = _flow(settings, cluster, events, metrics, reports=report_flow, golden=golden, room=room)
    flow = replace(flow, watched=telemetry.rollouts.looked)
    _read_when_scraped(telemetry, lease, heartbeat, queue)

    async def work() -> None:
        queue.rush(settings.lease_seconds)
        reports.rush(settings.lease_seconds)
        try:
            async with asyncio.TaskGroup() as visits:
                visits.create_task(queue.run(measured(flow, telemetry), settings.workers))
                visits.create_task(reports.run(report_flow, workers=1))
                visits.create_task(goldens.run(golden, AT_A_TIME))
        finally:
            telemetry.stopped_leading()
            golden.stop()

    def not_ready() -> str:
        return heartbeat.trouble() or heartbeat.not_returned() or lease.unknown()

    async with AsyncExitStack() as stack:
        stack.push_async_callback(api.close)
        stack.push_async_callback(ask.close)
        for one in (prometheus, asked_by_reports):
            if one:
                stack.callback(one.close)
        await stack.enter_async_context(
            probes(settings.probe_port, heartbeat.trouble, not_ready, telemetry.render)
        )
        await until_served(api, settings.scope[0] if settings.scope else None)
        stack.push_async_callback(pulse.remove)
        stack.push_async_callback(lease.release)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(heartbeat.beat()), group.create_task(lease.lead(work))]
            await kopf.operator(
                registry=registry(queue.add, reports.add, pulse.name, heartbeat.seen, lambda: stop(tasks)),
                settings=kopf_settings(settings),
                clusterwide=not settings.scope,
                namespaces=settings.scope,
            )
            await stop(tasks)  # again, for an end of kopf that skips its cleanup


def _telemetry() -> Telemetry:
    disable_created_metrics()  # type: ignore[no-untyped-call]
    return Telemetry(CollectorRegistry(), version("paddle-sla"))


def _flow(
    settings: Settings,
    cluster: Cluster,
    events: Events,
    metrics: Metrics | None,
    *,
    reports: ReportFlow,
    golden: Golden,
    room: Room,
) -> Reconciler:
    """Without a Prometheus nothing is measured, and no service is asked."""
    pause = partial(_spread, settings.resync_seconds)
    if metrics is None:
        return Reconciler(cluster, events, _now, pause, refused_reports=reports.refused, room=room)
    measuring, profiling = _measuring(settings, metrics, cluster), _profiling(settings, metrics, cluster)
    proving = _proving(settings, metrics)
    return Reconciler(
        cluster, events, _now, pause, measuring, profiling, reports.refused, golden, proving, room
    )


def _lease(settings: Settings, api: Api) -> Lease:
    record = ApiLeaseStore(api, settings.namespace, settings.lease_name, settings.lease_seconds)
    terms = Terms(settings.lease_seconds, settings.lease_renew_seconds, settings.lease_retry_seconds)
    return Lease(record, settings.identity, terms, _now)


def _read_when_scraped(
    telemetry: Telemetry, lease: Lease, heartbeat: Heartbeat, queue: KeyedQueue[Key]
) -> None:
    telemetry.gauge(names.METRIC_OPERATOR_LEADER, lambda: float(lease.leading))
    telemetry.gauge(names.METRIC_OPERATOR_WATCH_AGE, heartbeat.watch_age)
    telemetry.gauge(names.METRIC_OPERATOR_QUEUE_DEPTH, lambda: float(queue.late()[0]))
    telemetry.gauge(names.METRIC_OPERATOR_QUEUE_OLDEST, lambda: queue.late()[1])
    telemetry.gauge(names.METRIC_OPERATOR_RECONCILING, lambda: float(queue.visiting))


def _given(settings: Settings) -> Platform:
    return Platform(
        {Device(device): image for device, image in settings.runtime_images.items()},
        prometheus_url=settings.prometheus_url,
        keda_authentication=settings.keda_authentication,
        accelerator_source=AcceleratorSource(settings.accelerator_source),
        scrape_seconds=settings.scrape_interval_seconds,
        monitoring_labels=settings.labels_of_monitoring,
        runbooks=settings.runbooks,
        dashboards=settings.dashboards,
    )


def _prometheus(settings: Settings) -> Prometheus | None:
    if not settings.prometheus_url:
        return None
    return Prometheus(
        settings.prometheus_url,
        settings.prometheus_timeout_seconds,
        token_file=settings.prometheus_token_file,
        ca_file=settings.prometheus_ca_file,
    )


def _reports(
    settings: Settings, metrics: Metrics | None, written: MeasuredReports, look_at: Callable[[Key], None]
) -> ReportFlow:
    program = f"paddle-operator {version('paddle-sla')}"
    return ReportFlow(written, written, metrics, _scraping(settings), program, _now, look_at)


def _scraping(settings: Settings) -> Scraping:
    return Scraping(timedelta(seconds=settings.scrape_interval_seconds))


def _measuring(settings: Settings, metrics: Metrics, cluster: Cluster) -> Measuring:
    return Measuring(
        metrics,
        cluster,
        _scraping(settings),
        interval_seconds=settings.measure_interval_seconds,
        limit_seconds=settings.measure_limit_seconds,
    )


def _proving(settings: Settings, metrics: Metrics) -> Proving:
    return Proving(metrics, _scraping(settings), limit_seconds=settings.measure_limit_seconds)


def _profiling(settings: Settings, metrics: Metrics, cluster: Cluster) -> Profiling:
    scraping = Scraping(timedelta(seconds=settings.scrape_interval_seconds))
    return Profiling(metrics, cluster, scraping, interval_seconds=settings.measure_interval_seconds)


def _now() -> datetime:
    return datetime.now(UTC)


def _spread(seconds: float) -> float:
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311  spreads load, guards no secret
