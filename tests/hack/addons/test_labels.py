"""The embedded Prometheus gives its series the labels that a PodMonitor would, and finds the rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import yaml

from hack.cluster.addons import MANIFESTS, fill
from tests.operator.given import EVERY_DEVICE, a_service, planned, the

VALUES = {"IMAGE_PROMETHEUS": "prometheus:1", "CONFIGURATION_HASH": "x"}


def objects() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(fill((MANIFESTS / "prometheus.yaml").read_text(), VALUES)))


def configuration() -> dict[str, Any]:
    (found,) = [item for item in objects() if item["kind"] == "ConfigMap"]
    loaded: dict[str, Any] = yaml.safe_load(found["data"]["prometheus.yml"])
    return loaded


def test_series_have_the_labels_of_the_pod_monitor() -> None:
    monitored = planned(a_service(), platform=replace(EVERY_DEVICE, pod_monitors=True))
    monitor = the(monitored, "PodMonitor")["spec"]["podMetricsEndpoints"][0]["relabelings"]
    wanted = {step["targetLabel"]: step["sourceLabels"] for step in monitor}
    (pods,) = [job for job in configuration()["scrape_configs"] if job["job_name"] == "pods"]
    given = {step["target_label"]: step["source_labels"] for step in pods["relabel_configs"]}
    assert given.items() >= wanted.items()


def test_the_folder_that_is_written_is_the_one_that_is_read() -> None:
    (deployment,) = [item for item in objects() if item["kind"] == "Deployment"]
    prometheus, discover = deployment["spec"]["template"]["spec"]["containers"]
    mounts = [
        {mount["name"]: mount["mountPath"] for mount in one["volumeMounts"]} for one in (prometheus, discover)
    ]
    assert configuration()["rule_files"] == [f"{mounts[0]['rules']}/*.yaml"]
    assert discover["command"][-1] == mounts[1]["rules"]
