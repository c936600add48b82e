"""KEDA's own manifests, with the image that was built from its module."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from hack.cluster.addons_keda import DEPLOYMENTS, with_image
from hack.cluster.errors import ClusterError


def deployment(name: str, *args: str) -> dict[str, Any]:
    container = {"name": name, "image": "ghcr.io/x:latest", "imagePullPolicy": "Always", "args": list(args)}
    spec = {"template": {"spec": {"containers": [container]}}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def test_both_deployments_run_the_programs_of_one_image_on_the_node() -> None:
    operator = deployment("keda-operator", "--leader-elect")
    adapter = deployment("keda-metrics-apiserver", "/usr/local/bin/keda-adapter", "--secure-port=6443")
    role = {"kind": "ClusterRole", "metadata": {"name": "keda-operator"}}
    webhook = deployment("keda-admission", "--x")
    made = list(with_image(yaml.safe_dump_all([operator, role, webhook, adapter]), "localhost/keda:1"))
    assert [one["metadata"]["name"] for one in made] == ["keda-operator", "keda-operator", DEPLOYMENTS[1]]
    containers = [made[index]["spec"]["template"]["spec"]["containers"][0] for index in (0, 2)]
    assert {one["image"] for one in containers} == {"localhost/keda:1"}
    assert {one["imagePullPolicy"] for one in containers} == {"IfNotPresent"}
    assert [one["command"] for one in containers] == [
        ["/usr/local/bin/keda"],
        ["/usr/local/bin/keda-adapter"],
    ]
    assert [one["args"] for one in containers] == [["--leader-elect"], ["--secure-port=6443"]]
    assert made[1] == role


def test_a_release_that_names_them_otherwise_is_noticed() -> None:
    with pytest.raises(ClusterError, match="keda-metrics-apiserver"):
        list(with_image(yaml.safe_dump(deployment(DEPLOYMENTS[0], "--x")), "localhost/keda:1"))
