"""What a user asks for: parsed once at the edge into deep-frozen values, with every violation at once."""

from __future__ import annotations

from paddle_operator.spec.model import Identity, Service, Spec
from paddle_operator.spec.parse import parse

__all__ = ["Identity", "Service", "Spec", "parse"]
