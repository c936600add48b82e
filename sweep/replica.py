"""One process of the operator: killed when the sweep says so, started again whenever it has ended."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from sweep.story import Launch

PAUSE_SECONDS = 1.0
"""After an end of its own it is not started again at once."""


class Replica:
    """What it says goes to `log`. `ends` has the exit status of each time that it ended by itself."""

    def __init__(self, launch: Launch, kubeconfig: Path, log: Path) -> None:
        self._launch = launch
        self._environment = {**os.environ, **launch.environment, "KUBECONFIG": str(kubeconfig)}
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._killed = False
        self.ends: list[int] = []

    @asynccontextmanager
    async def living(self) -> AsyncIterator[Replica]:
        """Keep it alive until the end of the block."""
        life = asyncio.create_task(self._live())
        try:
            yield self
        finally:
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)
            await self.kill()

    async def kill(self) -> None:
        """End it as a lost node does, with all that it started; return when it is gone."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        self._killed = True
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()

    async def _live(self) -> None:
        while True:
            with self._log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *self._launch.command,
                    env=self._environment,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            code = await self._process.wait()
            if self._killed:
                self._killed = False
                continue
            self.ends.append(code)
            await asyncio.sleep(PAUSE_SECONDS)
