"""The CustomResourceDefinition, written from the typed model: one source for parsing, API server and docs."""

from __future__ import annotations

from typing import Any

from paddle_operator import names
from paddle_operator.spec.definition import Kind, column, condition, definition_of, schema_of
from paddle_operator.spec.model import Spec
from paddle_operator.spec.report import Status
from paddle_operator.spec.rules import RULES

DESCRIPTION = (
    "PaddleModelService is a Paddle model that is served under a promise. The operator makes the promise "
    "true, keeps it true, and says so plainly when it cannot be kept."
)
KIND = Kind(names.KIND, names.LIST_KIND, names.PLURAL, names.SINGULAR, names.SHORT_NAME)


def definition() -> dict[str, Any]:
    """Return the CustomResourceDefinition."""
    scale = {
        "specReplicasPath": ".spec.scaling.replicas",
        "statusReplicasPath": ".status.replicas",
        "labelSelectorPath": ".status.selector",
    }
    return definition_of(KIND, openapi(), _columns(), {"status": {}, "scale": scale})


def openapi() -> dict[str, Any]:
    """Return the schema of a resource, rules included."""
    return schema_of(names.KIND, DESCRIPTION, Spec, Status, RULES)


def _columns() -> list[dict[str, Any]]:
    return [
        column("URL", ".status.url", "Address of the service."),
        column("READY", condition("Ready", "status"), "Whether it serves."),
        column("SLA", condition("SLAMet", "status"), "Whether the promise is kept."),
        column(
            "BUDGET",
            ".status.sla.budgetRemainingPercent",
            "Percentage of the error budget that is left, of the objective with the least.",
        ),
        column("STABLE", ".status.stable.revision", "Revision that serves."),
        column("CANARY", ".status.canary.revision", "Revision that is tried, or comes up as the first one."),
        column(
            "WEIGHT",
            ".status.canary.effectiveWeight",
            "Percentage of the requests that it takes.",
            kind="integer",
        ),
        column("VERDICT", ".status.rollout.verdict", "What the canary gate says of it."),
        column("VERSION", ".spec.model.version", "Version of the model, as the user calls it."),
        column("AGE", ".metadata.creationTimestamp", "Time since it was created.", kind="date"),
        column("REASON", condition("Ready", "reason"), "Why it serves or does not.", wide=True),
        column("FEASIBLE", condition("SLAFeasible", "status"), "Whether the promise can be kept.", wide=True),
        column("REPLICAS", ".status.replicas", "Pods that take traffic.", kind="integer", wide=True),
        column("PROMISE", ".status.sla.promise", "The promise in words.", wide=True),
        column("MODEL", ".spec.model.uri", "Address of the model.", wide=True),
        column("DIGEST", ".status.stable.modelDigest", "Digest of the bundle that serves.", wide=True),
    ]
