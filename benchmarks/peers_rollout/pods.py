"""The pods that everybody rolls out: those of this operator, as a plain template."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from hack.demo.kubectl import Kube
from paddle_operator import names
from tests.e2e.resources import Resource

NAME = "digits"
FAULT = "errors:30"
"""Of 100 requests 30 end with an internal error."""
LABELS = {"app": NAME}


@dataclass(frozen=True)
class Pods:
    """The first version, the image of the second one, and the file that both read their promise from."""

    template: dict[str, Any]
    promise: dict[str, Any]
    second_image: str
    fault: str = FAULT

    @property
    def environment(self) -> list[dict[str, str]]:
        """What the second version has of its own."""
        return [{"name": "FAULT", "value": self.fault}]

    @property
    def second(self) -> dict[str, Any]:
        """The second version's template."""
        template = copy.deepcopy(self.template)
        spec = template["spec"]
        for container in [*spec["initContainers"], *spec["containers"]]:
            container["image"] = self.second_image
        spec["containers"][0]["env"] += self.environment
        call(template, "second")
        return template


def call(template: dict[str, Any], name: str) -> None:
    """What the pods' answers name as theirs."""
    env = template["spec"]["containers"][0]["env"]
    next(one for one in env if one["name"] == names.ENV_REVISION)["value"] = name


def pods_of(kube: Kube, resource: Resource, second_image: str) -> Pods:
    """Let the operator make them once, and take what it made; none of its labels, so that it leaves them."""
    kube.apply(resource.body)
    kube.wait_condition(NAME, "Ready", "True", timeout=300)
    (made,) = kube.list("deployments", f"{names.LABEL_SERVICE}={NAME}")
    template = made["spec"]["template"]
    template["metadata"] = {"labels": LABELS, "annotations": template["metadata"]["annotations"]}
    del template["spec"]["topologySpreadConstraints"]
    # As a command: Flagger's copy loses the hook of Kubernetes' own that it does not know yet.
    hook = template["spec"]["containers"][0]["lifecycle"]["preStop"]
    hook["exec"] = {"command": ["sleep", str(hook.pop("sleep")["seconds"])]}
    call(template, "first")
    promise = kube.get("configmap", names.sla_config_name(NAME))
    promise["metadata"] = {"name": promise["metadata"]["name"]}
    return Pods(template, promise, second_image)
