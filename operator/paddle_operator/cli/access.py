"""A person's own access to a cluster: their kubeconfig, their rights, and a way to a service's port."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
from collections.abc import AsyncIterator

from paddle_operator.errors import OperatorError

FORWARD_SECONDS = 15.0
"""How long kubectl may take to open a port."""


class NoWay(OperatorError):
    """The service's port cannot be reached from here."""


@contextlib.asynccontextmanager
async def forwarded(namespace: str, service: str, context: str) -> AsyncIterator[str]:
    """A URL of this machine that leads to the service, by kubectl port-forward, while the block runs."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        raise NoWay("kubectl is not on PATH: install it, or say where the service answers with --url")
    chosen = ["--context", context] if context else []
    process = await asyncio.create_subprocess_exec(
        kubectl, *chosen, "-n", namespace, "port-forward", f"service/{service}", ":80",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{await _port(process)}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


async def _port(process: asyncio.subprocess.Process) -> int:
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(FORWARD_SECONDS):
            line = (await process.stdout.readline()).decode()
    except TimeoutError as late:
        raise NoWay(f"kubectl port-forward opened no port within {FORWARD_SECONDS:.0f} s") from late
    found = re.search(r"127\.0\.0\.1:(\d+)", line)
    if found is None:
        said = (await process.stderr.read()).decode().strip()
        raise NoWay(f"kubectl port-forward: {said or line.strip() or 'ended without a word'}")
    return int(found[1])
