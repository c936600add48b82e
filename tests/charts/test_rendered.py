from __future__ import annotations

from typing import Any

import pytest
import yaml
from charts.rendering import (
    CASES,
    CRDS,
    NAMESPACE,
    OPERATOR,
    ROOT,
    helm,
    of_kind,
    rendered,
    schema_complaints,
    template,
)

from paddle_operator import names
from paddle_operator.settings import PREFIX, Settings

PLANS = sorted((ROOT / "examples").glob("*/plan.yaml"))


@pytest.mark.parametrize("chart", [OPERATOR, CRDS], ids=lambda path: path.name)
def test_helm_lint_has_nothing_to_say(chart: Any) -> None:
    done = helm("lint", "--strict", "--kube-version", "1.34.4", str(chart))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("case", CASES)
def test_every_object_fits_the_api_schemas(case: str) -> None:
    assert schema_complaints(yaml.safe_dump_all(rendered(case))) == []


def test_a_misspelt_field_is_noticed() -> None:
    objects = [{**of_kind(rendered("defaults"), "PodDisruptionBudget")[0], "spek": {}}]
    assert "spek" in " ".join(schema_complaints(yaml.safe_dump_all(objects)))


def test_a_misspelt_field_of_a_monitor_is_noticed() -> None:
    spec = {"selector": {}, "podMetricsEndpoints": [{"port": "http", "relabellings": []}]}
    monitor = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PodMonitor", "metadata": {"name": "m"}}
    assert "relabellings" in " ".join(schema_complaints(yaml.safe_dump({**monitor, "spec": spec})))


def test_a_kind_without_a_schema_is_noticed() -> None:
    unknown = {"apiVersion": "example.com/v1", "kind": "Mystery", "metadata": {"name": "m"}}
    assert schema_complaints(yaml.safe_dump(unknown)) != []


@pytest.mark.parametrize("plan", PLANS, ids=lambda path: path.parent.name)
def test_every_planned_object_fits_the_api_schemas(plan: Any) -> None:
    assert schema_complaints(plan.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("case", CASES)
def test_rendering_twice_gives_the_same_text(case: str) -> None:
    assert template(OPERATOR, *CASES[case]).stdout == template(OPERATOR, *CASES[case]).stdout


@pytest.mark.parametrize("case", CASES)
def test_every_namespaced_object_says_its_namespace(case: str) -> None:
    cluster_wide = {"ClusterRole", "ClusterRoleBinding"}
    for item in rendered(case):
        assert ("namespace" in item["metadata"]) is (item["kind"] not in cluster_wide), item["metadata"][
            "name"
        ]


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("nope=1", "additional properties 'nope' not allowed"),
        ("image.digest=sha256:12", "/image/digest"),
        ("replicas=two", "/replicas"),
        ("logFormat=xml", "/logFormat"),
        ("watch.mode=Some", "/watch/mode"),
        ("watch.namespaces={team-a}", "/watch/namespaces"),
        ("runtimeImages.cpu=", "/runtimeImages/cpu"),
        ("runtimeImages.tpu=x", "additional properties 'tpu' not allowed"),
        ("serviceAccount.create=false", "/serviceAccount/name"),
        ("test.url=ftp://x", "/test/url"),
        ("prometheus.url=prometheus:9090", "/prometheus/url"),
        ("prometheus.timeoutSeconds=0", "/prometheus/timeoutSeconds"),
        ("monitoring.runbooks=docs/runbooks", "/monitoring/runbooks"),
        ("monitoring.podMonitor.enabled=true", "'podMonitor' not allowed"),
        ("resources.limits.memory=lots", "/resources/limits/memory"),
    ],
)
def test_a_wrong_value_is_refused_with_its_path(value: str, complaint: str) -> None:
    done = template(OPERATOR, value)
    assert done.returncode != 0
    assert complaint in done.stderr


def test_the_operator_is_told_what_it_reads() -> None:
    container = of_kind(rendered("two-namespaces"), "Deployment")[0]["spec"]["template"]["spec"][
        "containers"
    ][0]
    told = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert told["PADDLE_OPERATOR_WATCH_NAMESPACES"] == "team-a,team-b"
    assert told["PADDLE_OPERATOR_LEASE_NAME"] == "paddle-sla-operator"
    assert told["PADDLE_OPERATOR_RUNTIME_IMAGE_NPU"] == told["PADDLE_OPERATOR_RUNTIME_IMAGE_CPU"]
    assert container["command"] == ["paddle-operator", "run"]


def test_every_variable_of_the_deployment_is_one_that_the_operator_knows() -> None:
    known = {PREFIX + name.upper() for name in Settings.__dataclass_fields__}
    container = of_kind(rendered("every-toggle"), "Deployment")[0]["spec"]["template"]["spec"]["containers"][
        0
    ]
    assert {entry["name"] for entry in container["env"]} - {"HOME"} <= known


def test_a_chart_upgrade_alone_restarts_no_pod() -> None:
    labels = of_kind(rendered("defaults"), "Deployment")[0]["spec"]["template"]["metadata"]["labels"]
    assert labels == {
        "app.kubernetes.io/name": "paddle-sla-operator",
        "app.kubernetes.io/instance": "paddle-sla-operator",
    }


def test_a_users_pod_label_never_replaces_the_selector() -> None:
    done = template(OPERATOR, r"podLabels.app\.kubernetes\.io/name=mine")
    deployment = of_kind(tuple(yaml.safe_load_all(done.stdout)), "Deployment")[0]
    wanted = deployment["spec"]["selector"]["matchLabels"]
    assert deployment["spec"]["template"]["metadata"]["labels"].items() >= wanted.items()


def test_the_operator_is_told_how_its_rules_and_monitors_are_found() -> None:
    told = {
        entry["name"]: entry.get("value")
        for entry in of_kind(rendered("every-toggle"), "Deployment")[0]["spec"]["template"]["spec"][
            "containers"
        ][0]["env"]
    }
    settings = Settings.from_environment({name: value for name, value in told.items() if value})
    assert settings.labels_of_monitoring == {"release": "prom", "team": "ocr"}
    assert settings.runbooks == "https://wiki.example.com/books"
    plain = of_kind(rendered("defaults"), "Deployment")[0]["spec"]["template"]["spec"]["containers"][0]["env"]
    assert "PADDLE_OPERATOR_MONITORING_LABELS" not in {entry["name"] for entry in plain}


def test_a_prometheus_is_told_to_the_operator_with_its_token_and_a_way_out() -> None:
    deployment = of_kind(rendered("every-toggle"), "Deployment")[0]["spec"]["template"]["spec"]
    (container,) = deployment["containers"]
    told = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert told["PADDLE_OPERATOR_PROMETHEUS_URL"] == "https://thanos.monitoring.svc:9091/prometheus"
    folder = next(one for one in container["volumeMounts"] if one["name"] == "prometheus-token")["mountPath"]
    assert told["PADDLE_OPERATOR_PROMETHEUS_TOKEN_FILE"] == f"{folder}/token"
    ports = [one["ports"] for one in of_kind(rendered("every-toggle"), "NetworkPolicy")[0]["spec"]["egress"]]
    assert [{"port": 9091, "protocol": "TCP"}] in ports
    assert [{"port": names.RUNTIME_PORT, "protocol": "TCP"}] in ports, "golden requests to the services' pods"
    without = of_kind(rendered("defaults"), "Deployment")[0]["spec"]["template"]["spec"]["containers"][0]
    assert not any("PROMETHEUS" in entry["name"] for entry in without["env"])


def test_a_private_authority_and_keda_s_login_reach_the_operator() -> None:
    deployment = of_kind(rendered("every-toggle"), "Deployment")[0]["spec"]["template"]["spec"]
    (container,) = deployment["containers"]
    told = {entry["name"]: entry["value"] for entry in container["env"] if entry.get("value")}
    folder = next(one for one in container["volumeMounts"] if one["name"] == "prometheus-ca")["mountPath"]
    volume = next(one for one in deployment["volumes"] if one["name"] == "prometheus-ca")
    settings = Settings.from_environment(told)
    assert settings.prometheus_ca_file == f"{folder}/ca.crt"
    assert volume["configMap"]["name"] == "prometheus-ca"
    assert settings.keda_authentication == "prometheus-read"


def test_a_digest_wins_over_the_tag() -> None:
    container = of_kind(rendered("every-toggle"), "Deployment")[0]["spec"]["template"]["spec"]["containers"][
        0
    ]
    assert container["image"] == f"localhost/paddle-sla/operator@sha256:{'a' * 64}"


def test_a_long_release_name_stays_valid() -> None:
    done = template(OPERATOR, release="r" * 50)
    names = [item["metadata"]["name"] for item in yaml.safe_load_all(done.stdout) if item]
    assert max(len(name) for name in names if NAMESPACE not in name) <= 63


def test_the_definitions_survive_an_uninstall_and_can_be_left_out() -> None:
    done = template(CRDS)
    objects = [item for item in yaml.safe_load_all(done.stdout) if item]
    plurals = ("modelslareports", "paddlemodelservices")
    assert [item["metadata"]["name"] for item in objects] == [
        f"{one}.serving.paddle-sla.io" for one in plurals
    ]
    assert {item["metadata"]["annotations"]["helm.sh/resource-policy"] for item in objects} == {"keep"}
    assert schema_complaints(done.stdout) == []
    assert template(CRDS, "enabled=false").stdout.strip() == ""
