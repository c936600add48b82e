"""From an untrusted mapping to a Service, or every violation at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from paddle_operator.spec.model import Service


def parse(body: Mapping[str, Any]) -> Service:
    """Parse a resource; raise SpecRejected with all violations, and never anything else."""
    raise NotImplementedError
