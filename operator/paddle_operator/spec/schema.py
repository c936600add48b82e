"""The CustomResourceDefinition, written from the typed model: one source for parsing, API server and docs."""

from __future__ import annotations

from typing import Any

from paddle_operator import names
from paddle_operator.spec.model import Spec
from paddle_operator.spec.report import Status
from paddle_operator.spec.rules import RULES
from paddle_operator.spec.structural import structural, without_defaults

DESCRIPTION = (
    "PaddleModelService is a Paddle model that is served under a promise. The operator makes the promise "
    "true, keeps it true, and says so plainly when it cannot be kept."
)


def definition() -> dict[str, Any]:
    """Return the CustomResourceDefinition."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names.PLURAL}.{names.GROUP}"},
        "spec": {
            "group": names.GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": names.KIND,
                "listKind": names.LIST_KIND,
                "plural": names.PLURAL,
                "singular": names.SINGULAR,
                "shortNames": [names.SHORT_NAME],
                "categories": list(names.CATEGORIES),
            },
            "versions": [
                {
                    "name": names.VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {
                        "status": {},
                        "scale": {
                            "specReplicasPath": ".spec.scaling.replicas",
                            "statusReplicasPath": ".status.replicas",
                            "labelSelectorPath": ".status.selector",
                        },
                    },
                    "additionalPrinterColumns": _columns(),
                    "schema": {"openAPIV3Schema": openapi()},
                }
            ],
        },
    }


def openapi() -> dict[str, Any]:
    """Return the schema of a resource, rules included."""
    schema: dict[str, Any] = {
        "description": DESCRIPTION,
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": f"Always {names.API_VERSION}."},
            "kind": {"type": "string", "description": f"Always {names.KIND}."},
            "metadata": {"type": "object"},
            "spec": structural(Spec),
            "status": without_defaults(structural(Status)),
        },
    }
    for rule in RULES:
        if rule.cel:
            place = _place(schema, rule.at)
            place.setdefault("x-kubernetes-validations", []).append(
                {"rule": rule.cel, "message": rule.message}
            )
    return schema


def _place(schema: dict[str, Any], at: str) -> dict[str, Any]:
    """Find the schema of the field that a rule stands at."""
    for step in at.replace("[*]", ".[*]").split(".") if at else []:
        schema = schema["items"] if step == "[*]" else schema["properties"][step]
    return schema


def _condition(condition_type: str, field: str) -> str:
    return f'.status.conditions[?(@.type=="{condition_type}")].{field}'


def _columns() -> list[dict[str, Any]]:
    def column(
        name: str, path: str, description: str, *, kind: str = "string", wide: bool = False
    ) -> dict[str, Any]:
        return {
            "name": name,
            "type": kind,
            "jsonPath": path,
            "description": description,
            **({"priority": 1} if wide else {}),
        }

    return [
        column("URL", ".status.url", "Address of the service."),
        column("READY", _condition("Ready", "status"), "Whether it serves."),
        column("SLA", _condition("SLAMet", "status"), "Whether the promise is kept."),
        column(
            "BUDGET",
            ".status.sla.budgetRemainingPercent",
            "Percentage of the error budget that is left, of the objective with the least.",
        ),
        column("STABLE", ".status.stable.revision", "Revision that serves."),
        column("VERSION", ".spec.model.version", "Version of the model, as the user calls it."),
        column("AGE", ".metadata.creationTimestamp", "Time since it was created.", kind="date"),
        column("REASON", _condition("Ready", "reason"), "Why it serves or does not.", wide=True),
        column(
            "FEASIBLE", _condition("SLAFeasible", "status"), "Whether the promise can be kept.", wide=True
        ),
        column("REPLICAS", ".status.replicas", "Pods that take traffic.", kind="integer", wide=True),
        column("PROMISE", ".status.sla.promise", "The promise in words.", wide=True),
        column("MODEL", ".spec.model.uri", "Address of the model.", wide=True),
        column("DIGEST", ".status.stable.modelDigest", "Digest of the bundle that serves.", wide=True),
    ]
