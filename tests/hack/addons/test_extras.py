"""Manifests of add-ons from their own modules, with the images that were built from them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from hack.cluster.addons_extras import ARGO_ROLLOUTS, EXTRAS, FLAGGER, KEDA, METRICS_SERVER
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
    made = list(KEDA.with_image(yaml.safe_dump_all([operator, role, webhook, adapter]), "localhost/keda:1"))
    assert [one["metadata"]["name"] for one in made] == [
        "keda-operator",
        "keda-operator",
        "keda-metrics-apiserver",
    ]
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
        list(KEDA.with_image(yaml.safe_dump(deployment("keda-operator", "--x")), "localhost/keda:1"))


def test_metrics_server_trusts_the_kubelet_by_the_cluster_s_authority() -> None:
    own = deployment("metrics-server", "--cert-dir=/tmp", "--secure-port=10250")
    (made,) = METRICS_SERVER.with_image(yaml.safe_dump(own), "localhost/metrics-server:1")
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["/usr/local/bin/metrics-server"]
    assert container["args"][:2] == ["--cert-dir=/tmp", "--secure-port=10250"]
    assert container["args"][2].startswith("--kubelet-certificate-authority=")


def test_a_probe_that_runs_a_program_goes_since_the_image_has_no_other() -> None:
    own = deployment("flagger", "-mesh-provider=gatewayapi:v1")
    (container,) = own["spec"]["template"]["spec"]["containers"]
    container["livenessProbe"] = {"exec": {"command": ["wget"]}}
    container["readinessProbe"] = {"httpGet": {"path": "/healthz"}}
    (made,) = FLAGGER.with_image(yaml.safe_dump(own), "localhost/flagger:1")
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert "livenessProbe" not in container
    assert container["readinessProbe"] == {"httpGet": {"path": "/healthz"}}
    assert container["args"][0] == "-mesh-provider=gatewayapi:v1"


def test_argo_rollouts_works_where_it_may_write_its_plugins() -> None:
    own = deployment("argo-rollouts")
    del own["spec"]["template"]["spec"]["containers"][0]["args"]
    (made,) = ARGO_ROLLOUTS.with_image(yaml.safe_dump(own), "localhost/argo-rollouts:1")
    assert made["spec"]["template"]["spec"]["containers"][0]["workingDir"] == "/home/argo-rollouts"
    assert made["metadata"]["namespace"] == "argo-rollouts"


def test_each_of_them_has_a_tools_module_with_its_programs() -> None:
    for extra in EXTRAS.values():
        assert set(extra.commands.values()) <= set(extra.programs)
