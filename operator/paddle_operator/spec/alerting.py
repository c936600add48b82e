"""The block `spec.alerting`: who is told when the promise is in danger."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from paddle_operator.spec.base import EMPTY_OBJECT, Block, FrozenAs, FrozenJson


class BurnRate(StrEnum):
    """Which alerts are made."""

    STANDARD = "Standard"
    NONE = "None"


AlertLabelValue = Annotated[str, Field(max_length=128)]
AlertLabels = Annotated[FrozenJson, FrozenAs(Annotated[dict[str, AlertLabelValue], Field(max_length=16)])]


class Alerting(Block):
    """Alerts on the promise, as rules for Prometheus."""

    burn_rate: BurnRate = BurnRate.STANDARD
    """Standard: recording rules, burn-rate alerts over two windows each, scaled to spec.sla.window, and
    alerts for a spent budget, for no ready pod and for missing metrics. None: no rules at all."""
    labels: AlertLabels = EMPTY_OBJECT
    """More labels of every alert, by which Alertmanager finds who is told, such as team."""
