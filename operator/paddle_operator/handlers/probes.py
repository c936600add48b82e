"""/healthz and /readyz for the kubelet, /metrics for Prometheus.

The operator's own event loop answers: one that is blocked fails all of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from paddle_operator import names

Check = Callable[[], str]
"""Says what is wrong; empty when nothing is."""
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@asynccontextmanager
async def probes(port: int, live: Check, ready: Check, metrics: Callable[[], bytes]) -> AsyncIterator[None]:
    """Serve the two checks while the block runs, 200 "ok" or 500 with what is wrong, and the metrics."""

    def handler(check: Check) -> Callable[[web.Request], object]:
        async def answer(_: web.Request) -> web.Response:
            trouble = check()
            return web.Response(text=trouble or "ok", status=500 if trouble else 200)

        return answer

    async def scrape(_: web.Request) -> web.Response:
        return web.Response(body=metrics(), headers={"Content-Type": METRICS_TYPE})

    app = web.Application()
    app.router.add_get("/healthz", handler(live))  # type: ignore[arg-type]
    app.router.add_get("/readyz", handler(ready))  # type: ignore[arg-type]
    app.router.add_get(names.PATH_METRICS, scrape)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, port=port).start()
        yield
    finally:
        await runner.cleanup()
