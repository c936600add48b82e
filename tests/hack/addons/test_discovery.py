"""From pods to Prometheus' targets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hack.cluster import addons_discovery
from hack.cluster.addons_discovery import apply_event, rules_of, target_of, targets_of, write, write_rules
from paddle_operator import names


def a_pod(name: str = "ocr-1", **annotations: str) -> dict[str, Any]:
    asked = {"prometheus.io/scrape": "true", "prometheus.io/port": "8080", "prometheus.io/path": "/metrics"}
    return {
        "metadata": {
            "uid": name,
            "name": name,
            "namespace": "demo",
            "labels": {"serving.paddle-sla.io/service": "ocr"},
            "annotations": asked | {f"prometheus.io/{key}": value for key, value in annotations.items()},
        },
        "status": {"phase": "Running", "podIP": "10.0.0.1"},
    }


def test_a_pod_that_asks_for_it_is_a_target_with_the_names_of_prometheus_own_discovery() -> None:
    assert target_of(a_pod()) == {
        "targets": ["10.0.0.1:8080"],
        "labels": {
            "__meta_kubernetes_namespace": "demo",
            "__meta_kubernetes_pod_name": "ocr-1",
            "__meta_kubernetes_pod_label_serving_paddle_sla_io_service": "ocr",
            "__meta_kubernetes_pod_annotation_prometheus_io_scrape": "true",
            "__meta_kubernetes_pod_annotation_prometheus_io_port": "8080",
            "__meta_kubernetes_pod_annotation_prometheus_io_path": "/metrics",
        },
    }


@pytest.mark.parametrize("pod", [a_pod(scrape="false"), a_pod(port=""), a_pod(port="http")])
def test_a_pod_that_does_not_ask_or_names_no_port_is_none(pod: dict[str, Any]) -> None:
    assert target_of(pod) is None


@pytest.mark.parametrize("status", [{"phase": "Pending"}, {"phase": "Succeeded", "podIP": "10.0.0.1"}, {}])
def test_a_pod_that_does_not_run_is_none(status: dict[str, Any]) -> None:
    assert target_of({**a_pod(), "status": status}) is None


def test_events_keep_the_known_pods_current() -> None:
    pods: dict[str, Any] = {}
    apply_event(pods, {"type": "ADDED", "object": a_pod("b")})
    apply_event(pods, {"type": "ADDED", "object": a_pod("a")})
    assert [target["labels"]["__meta_kubernetes_pod_name"] for target in targets_of(pods)] == ["a", "b"]
    apply_event(pods, {"type": "MODIFIED", "object": a_pod("a", scrape="false")})
    apply_event(pods, {"type": "BOOKMARK", "object": {"metadata": {}}})
    assert len(targets_of(pods)) == 1
    apply_event(pods, {"type": "DELETED", "object": a_pod("b")})
    assert targets_of(pods) == []


def test_a_watch_that_ended_is_an_error_that_says_why() -> None:
    with pytest.raises(ConnectionError, match="too old resource version"):
        apply_event({}, {"type": "ERROR", "object": {"message": "too old resource version"}})


def test_the_file_is_put_in_place_whole(tmp_path: Path) -> None:
    place = tmp_path / "pods.json"
    write(place, json.dumps(targets_of({"a": a_pod("a")})))
    assert json.loads(place.read_text())[0]["targets"] == ["10.0.0.1:8080"]
    assert [path.name for path in tmp_path.iterdir()] == ["pods.json"]


def a_map(name: str, **data: str) -> dict[str, Any]:
    return {"metadata": {"uid": name, "name": name}, "data": data}


def test_rule_files_are_gathered_and_those_of_a_deleted_service_go(tmp_path: Path) -> None:
    maps: dict[str, Any] = {}
    for name in ("a", "b"):
        apply_event(maps, {"type": "ADDED", "object": a_map(name, **{f"prod.{name}.rules.yaml": name})})
    write_rules(tmp_path, rules_of(maps))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "prod.a.rules.yaml": "a",
        "prod.b.rules.yaml": "b",
    }
    apply_event(maps, {"type": "MODIFIED", "object": a_map("a", **{"prod.a.rules.yaml": "new"})})
    apply_event(maps, {"type": "DELETED", "object": a_map("b")})
    write_rules(tmp_path, rules_of(maps))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"prod.a.rules.yaml": "new"}


def test_the_rules_that_are_looked_for_are_those_that_the_operator_labels() -> None:
    assert f"{names.LABEL_RULES}%3D{names.RULES_OF_PROMETHEUS}" == addons_discovery._RULES


def test_rules_can_be_read_from_a_map_without_any() -> None:
    assert rules_of({"a": {"metadata": {"uid": "a"}}}) == {}
