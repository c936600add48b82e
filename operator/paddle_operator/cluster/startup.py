"""Before the first watch: wait until the resource can be listed at all."""

from __future__ import annotations

import asyncio
import logging

from paddle_operator.cluster import kinds
from paddle_operator.cluster.api import Api
from paddle_operator.errors import ClusterRefused

RETRY_SECONDS = 5.0
REMIND_EVERY = 12
"""Attempts between two log lines about the same trouble: one a minute."""
ADVICE = "install the chart paddle-sla-crds, and the operator's role"
logger = logging.getLogger(__name__)


async def until_served(api: Api, namespace: str | None) -> None:
    """Return when PaddleModelServices can be listed: kopf would wait for their CRD in silence, or end."""
    attempts = 0
    while True:
        try:
            await api.list(kinds.SERVICE_RESOURCE, namespace, limit="1")
        except ClusterRefused as refused:
            if attempts % REMIND_EVERY == 0:
                logger.warning("PaddleModelService cannot be listed: %s; %s", refused.message, ADVICE)
            attempts += 1
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return
