"""The manifests as they are applied: nothing left open, Pod Security restricted, small requests."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from hack.cluster import addons, constants
from hack.cluster.api import ClusterInfo
from hack.cluster.errors import ClusterError
from tests.charts.pod_security import house_rules, pod_spec_of, violations

CLUSTER = ClusterInfo("test")
IMAGES = {
    f"IMAGE_{name}": f"localhost/paddle-sla/{name.lower()}:1"
    for name in ("COREDNS", "ENVOY", "ENVOY_GATEWAY", "PROMETHEUS", "VERSITYGW")
}
FILES = sorted(path.name for path in addons.MANIFESTS.glob("*.yaml"))


def documents(name: str) -> list[dict[str, Any]]:
    text = addons.fill((addons.MANIFESTS / name).read_text(), addons.variables(CLUSTER, IMAGES))
    return [document for document in yaml.safe_load_all(text) if document]


def everything() -> list[dict[str, Any]]:
    return [document for name in FILES if "values" not in name for document in documents(name)]


def pod_specs() -> list[dict[str, Any]]:
    return [spec for item in everything() if (spec := pod_spec_of(item)) is not None]


@pytest.mark.parametrize("name", FILES)
def test_every_variable_of_a_manifest_is_given(name: str) -> None:
    assert documents(name)
    assert "${" not in yaml.safe_dump_all(documents(name))


def test_a_variable_that_nothing_gives_is_named() -> None:
    with pytest.raises(ClusterError, match="IMAGE_GRAFANA"):
        addons.fill("image: ${IMAGE_GRAFANA}", IMAGES)


def test_dollars_of_other_languages_stay() -> None:
    assert addons.fill("$1:$2 ${lower} $${X}", {"X": "y"}) == "$1:$2 ${lower} $y"


def test_every_pod_is_restricted_and_keeps_the_house_rules() -> None:
    specs = pod_specs()
    assert len(specs) == 3
    for spec in specs:
        assert violations(spec) == []
        assert house_rules(spec) == []


def test_the_whole_of_the_add_ons_asks_for_less_than_a_third_of_a_core() -> None:
    proxy = next(item for item in everything() if item["kind"] == "EnvoyProxy")
    envoy = proxy["spec"]["provider"]["kubernetes"]["envoyDeployment"]["container"]
    control_plane = documents("envoy-gateway-values.yaml")[0]["deployment"]["envoyGateway"]
    containers = [container for spec in pod_specs() for container in spec["containers"]]
    asked = [part["resources"]["requests"]["cpu"] for part in (*containers, envoy, control_plane)]
    assert all(re.fullmatch(r"\d+m", value) for value in asked)
    assert sum(int(value.removesuffix("m")) for value in asked) < 333


def test_dns_stands_where_kubelet_tells_pods_to_ask() -> None:
    service = next(item for item in documents("coredns.yaml") if item["kind"] == "Service")
    assert service["spec"]["clusterIP"] == CLUSTER.addresses.cluster_dns


def test_the_gateway_holds_a_picture_of_the_largest_size_for_a_retry() -> None:
    policy = next(item for item in documents("gateway.yaml") if item["kind"] == "ClientTrafficPolicy")
    gateway = next(item for item in documents("gateway.yaml") if item["kind"] == "Gateway")
    assert policy["spec"]["targetRefs"][0]["name"] == gateway["metadata"]["name"] == constants.GATEWAY_NAME
    assert policy["spec"]["connection"]["bufferLimit"] == "32Mi"
    assert policy["spec"]["timeout"]["http"]["requestReceivedTimeout"] == "30s"
    assert gateway["spec"]["listeners"][0]["allowedRoutes"] == {"namespaces": {"from": "All"}}


def test_every_namespace_that_the_cluster_offers_enforces_restricted() -> None:
    label = "pod-security.kubernetes.io/enforce"
    made = {
        item["metadata"]["name"]: item["metadata"]["labels"][label] for item in documents("namespaces.yaml")
    }
    offered = {
        constants.SYSTEM_NAMESPACE,
        constants.ENVOY_NAMESPACE,
        constants.MONITORING_NAMESPACE,
        constants.GATEWAY_NAMESPACE,
        constants.STORE_NAMESPACE,
    }
    assert offered <= set(made)
    assert set(made.values()) == {"restricted"}


def test_a_changed_configuration_of_prometheus_is_a_new_pod() -> None:
    deployment = next(item for item in documents("prometheus.yaml") if item["kind"] == "Deployment")
    (mark,) = deployment["spec"]["template"]["metadata"]["annotations"].values()
    assert re.fullmatch(r"[0-9a-f]{12}", mark)


def test_the_definitions_are_marked_by_their_content() -> None:
    first, second = addons._definitions_mark("a"), addons._definitions_mark("b")
    assert first == addons._definitions_mark("a") != second
