"""Flagger: a Deployment and a Canary.

    https://docs.flagger.app/tutorials/gatewayapi-progressive-delivery   settings, and the query for Envoy
    https://docs.flagger.app/usage/how-it-works                          what they mean

Its query is for a gateway that has counters of each backend by other names: it names Envoy Gateway's, and a
policy of the route makes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.peers_rollout.pods import LABELS, NAME, Pods
from benchmarks.peers_rollout.systems import (
    GOOD,
    PROMETHEUS,
    READY_SECONDS,
    System,
    counted,
    counted_apart,
    gateway,
    must,
    said,
    waited,
)
from hack.demo.kubectl import Kube
from paddle_operator import names

API = "flagger.app/v1beta1"
WINDOW = "[{{ interval }}]"
QUERY = (
    f"100 - sum(rate({counted('{{ namespace }}', GOOD)}{WINDOW})) / "
    f"sum(rate({counted('{{ namespace }}')}{WINDOW})) * 100"
)
"""Of their tutorial: how many percent of the canary's requests failed."""


def analysis(interval: str, threshold: int, step: int, window: str) -> Mapping[str, Any]:
    """spec.analysis with their example's one percent of errors, which is the promise here."""
    metric = {"name": "error-rate", "templateRef": {"name": "error-rate"}}
    metric |= {"thresholdRange": {"max": 1}, "interval": window}
    return {
        "interval": interval,
        "threshold": threshold,
        "maxWeight": 50,
        "stepWeight": step,
        "metrics": [metric],
    }


@dataclass(frozen=True)
class Flagger(System):
    """settings: of spec.analysis."""

    end: str = f"canary.flagger.app/{NAME} {{.status.phase}}=Failed"
    addon: str = "flagger"

    def deploy(self, kube: Kube, host: str, pods: Pods) -> None:
        kube.apply(pods.promise)
        kube.apply(counted_apart())
        self._deployment(kube, pods.template)
        provider = {"type": "prometheus", "address": PROMETHEUS}
        self._apply(kube, "MetricTemplate", "error-rate", {"provider": provider, "query": QUERY})
        self._apply(kube, "Canary", NAME, self._canary(host))
        there = "jsonpath={.status.phase}=Initialized"
        must(waited(kube, f"canary.flagger.app/{NAME}", there, READY_SECONDS), "Flagger has taken over")

    def update(self, kube: Kube, host: str, pods: Pods) -> None:
        self._deployment(kube, pods.second)

    def why(self, kube: Kube) -> str:
        messages = '{range .items[?(@.involvedObject.kind=="Canary")]}{.message}{"\\n"}{end}'
        looks = (
            one for one in said(kube, "events", messages).splitlines() if f"{NAME}.{kube.namespace}" in one
        )
        return "; ".join(one for one in looks if one.startswith(("Halt ", "Metric query failed")))

    def _canary(self, host: str) -> Mapping[str, Any]:
        service: dict[str, Any] = {"port": names.SERVICE_PORT, "targetPort": names.PORT_NAME}
        service |= {"hosts": [host], "gatewayRefs": gateway()}
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME}
        return {"targetRef": target, "service": service, "analysis": self.settings}

    def _deployment(self, kube: Kube, template: Mapping[str, Any]) -> None:
        # Without its number, which is Flagger's: it takes the Deployment to none between two rollouts.
        spec = {"selector": {"matchLabels": LABELS}, "template": template}
        body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NAME}, "spec": spec}
        kube.apply(body)

    def _apply(self, kube: Kube, kind: str, name: str, spec: Mapping[str, Any]) -> None:
        kube.apply({"apiVersion": API, "kind": kind, "metadata": {"name": name}, "spec": dict(spec)})


FLAGGER = (
    Flagger("Flagger, example", analysis("1m", 5, 10, "1m"), 900, at_once=True),
    Flagger("Flagger, fastest", analysis("10s", 1, 5, "30s")),
)
