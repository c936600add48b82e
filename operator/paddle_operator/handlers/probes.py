"""/healthz and /readyz, which the kubelet asks. The operator's event loop answers: a blocked one fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

Check = Callable[[], str]
"""Says what is wrong; empty when nothing is."""


@asynccontextmanager
async def probes(port: int, live: Check, ready: Check) -> AsyncIterator[None]:
    """Serve the two checks while the block runs: 200 "ok", or 500 with what is wrong."""

    def handler(check: Check) -> Callable[[web.Request], object]:
        async def answer(_: web.Request) -> web.Response:
            trouble = check()
            return web.Response(text=trouble or "ok", status=500 if trouble else 200)

        return answer

    app = web.Application()
    app.router.add_get("/healthz", handler(live))  # type: ignore[arg-type]
    app.router.add_get("/readyz", handler(ready))  # type: ignore[arg-type]
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, port=port).start()
        yield
    finally:
        await runner.cleanup()
