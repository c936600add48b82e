"""Pod Security `restricted`, for every pod that the operator makes."""

from __future__ import annotations

from typing import Any

from paddle_operator import names


def pod_security() -> dict[str, Any]:
    """Return the pod's security context. The group owns the volumes, so that a memory volume is writable."""
    return {
        "runAsNonRoot": True,
        "runAsUser": names.RUN_AS_ID,
        "runAsGroup": names.RUN_AS_ID,
        "fsGroup": names.RUN_AS_ID,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> dict[str, Any]:
    """Return a container's security context."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
