"""Argo Rollouts: a Rollout, an AnalysisTemplate, and a route with a Service for each side.

    https://argo-rollouts.readthedocs.io/en/stable/features/analysis/    both examples, and their query

The examples' query counts Istio's requests; here it counts Envoy's, of the canary alone. Its plugin for
Gateway API is no module that can be had: one in hack/cluster/tools/argo-rollouts writes the route's weights.
"""

from __future__ import annotations

import json
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

API = "argoproj.io/v1alpha1"
PLUGIN = "paddle-sla/httproute"
SIDES = ("stable", "canary")


def query(rate: str, window: str) -> str:
    """Which share of the canary's requests succeeded; the argument is the namespace."""
    mine = "{{args.namespace}}"
    return f"sum({rate}({counted(mine, GOOD)}[{window}])) / sum({rate}({counted(mine)}[{window}]))"


@dataclass(frozen=True)
class Argo(System):
    """settings: `canary`, of spec.strategy, and `metric`, of the AnalysisTemplate but for the provider."""

    end: str = f"rollout.argoproj.io/{NAME} {{.status.phase}}=Degraded"
    addon: str = "argo-rollouts"

    def deploy(self, kube: Kube, host: str, pods: Pods) -> None:
        kube.apply(pods.promise)
        kube.apply(counted_apart())
        for side in SIDES:
            port = {"name": "http", "port": names.SERVICE_PORT, "targetPort": names.PORT_NAME}
            self._apply(kube, "v1", "Service", side, {"selector": LABELS, "ports": [port]})
        self._apply(kube, "gateway.networking.k8s.io/v1", "HTTPRoute", NAME, self._route(host))
        self._apply(kube, API, "AnalysisTemplate", "success-rate", self._measured())
        self._apply(kube, API, "Rollout", NAME, self._rollout(kube.namespace, pods.template))
        there = "jsonpath={.status.phase}=Healthy"
        must(waited(kube, f"rollout.argoproj.io/{NAME}", there, READY_SECONDS), "the Rollout is healthy")

    def update(self, kube: Kube, host: str, pods: Pods) -> None:
        self._apply(kube, API, "Rollout", NAME, self._rollout(kube.namespace, pods.second))

    def why(self, kube: Kube) -> str:
        results = "{.items[0].status.metricResults[0]}"
        found = json.loads(said(kube, "analysisruns", results) or "{}")
        measured = [one.get("value", one.get("message")) for one in found.get("measurements", ())]
        return f"{found.get('phase')}, {', '.join(map(str, measured))}"

    def _route(self, host: str) -> Mapping[str, Any]:
        backends = [
            {"name": side, "port": names.SERVICE_PORT, "weight": weight}
            for side, weight in zip(SIDES, (100, 0), strict=True)
        ]
        return {"parentRefs": gateway(), "hostnames": [host], "rules": [{"backendRefs": backends}]}

    def _measured(self) -> Mapping[str, Any]:
        metric = dict(self.settings["metric"])
        provider = {"prometheus": {"address": PROMETHEUS, "query": metric.pop("query")}}
        metrics = [{"name": "success-rate", "provider": provider, **metric}]
        return {"args": [{"name": "namespace"}], "metrics": metrics}

    def _rollout(self, namespace: str, template: Mapping[str, Any]) -> Mapping[str, Any]:
        canary: dict[str, Any] = {f"{side}Service": side for side in SIDES}
        canary |= {"trafficRouting": {"plugins": {PLUGIN: {"httpRoute": NAME}}}}
        canary |= {name: value for name, value in self.settings["canary"].items() if name != "analysis"}
        analysis = {
            "templates": [{"templateName": "success-rate"}],
            "args": [{"name": "namespace", "value": namespace}],
        }
        if "analysis" in self.settings["canary"]:  # in the background; else it stands among the steps
            canary["analysis"] = {**analysis, **self.settings["canary"]["analysis"]}
        canary["steps"] = [{"analysis": analysis} if "analysis" in step else step for step in canary["steps"]]
        return {
            "replicas": 1,
            "selector": {"matchLabels": LABELS},
            "template": template,
            "strategy": {"canary": canary},
        }

    def _apply(self, kube: Kube, api: str, kind: str, name: str, spec: Mapping[str, Any]) -> None:
        kube.apply({"apiVersion": api, "kind": kind, "metadata": {"name": name}, "spec": dict(spec)})


def steps(*weights: int, pause: str) -> list[dict[str, Any]]:
    """A share, and how long it stays."""
    return [step for each in weights for step in ({"setWeight": each}, {"pause": {"duration": pause}})]


IN_THE_BACKGROUND = {
    "canary": {"analysis": {"startingStep": 2}, "steps": steps(20, 40, 60, 80, pause="10m")},
    "metric": {
        "interval": "5m",
        "successCondition": "result[0] >= 0.95",
        "failureLimit": 3,
        "query": query("irate", "5m"),
    },
}
"""The first example of their page."""
AS_A_STEP = {
    "canary": {"steps": [*steps(20, pause="5m"), {"analysis": {}}]},
    "metric": {"successCondition": "result[0] >= 0.95", "query": query("irate", "5m")},
}
"""The second one."""
FASTEST = {
    "canary": {"analysis": {}, "steps": steps(5, 25, 50, pause="2m")},
    "metric": {
        "interval": "5s",
        "successCondition": "len(result) == 0 || isNaN(result[0]) || result[0] >= 0.99",
        "failureLimit": 0,
        "query": query("rate", "30s"),
    },
}
"""As often as Prometheus has something new; what is not there yet is no failure."""
ARGO = (
    Argo("Argo Rollouts, example in the background", IN_THE_BACKGROUND, 2400, at_once=True),
    Argo("Argo Rollouts, example as a step", AS_A_STEP, 900, at_once=True),
    Argo("Argo Rollouts, fastest", FASTEST),
)
