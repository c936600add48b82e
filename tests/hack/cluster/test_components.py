"""The arguments that other parts rely on: audit, aggregation, DNS, and who waits for whom."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hack.cluster import components, configuration, constants

PLAN = components.Plan(
    bin_dir=Path("/cache/bin"),
    etc=Path("/state/etc"),
    audit_log=Path("/state/logs/audit.log"),
    node_name="paddle-demo",
    addresses=constants.addresses_of("demo"),
)
BY_NAME = {component.name: component for component in components.all_components(PLAN)}


def test_the_list_of_names_is_the_list_of_what_is_started() -> None:
    assert tuple(BY_NAME) == components.COMPONENTS


def test_the_controller_manager_starts_only_when_the_api_answers() -> None:
    waits = {name: component.after for name, component in BY_NAME.items()}
    assert waits == {
        "etcd": components.NOTHING,
        "containerd": components.NOTHING,
        "kube-apiserver": components.ETCD,
        "kubelet": components.CONTAINERD,
        "kube-controller-manager": components.API,
        "kube-scheduler": components.API,
        "kube-proxy": components.API,
    }


@pytest.mark.parametrize(
    "flag",
    [
        "--audit-log-path=/state/logs/audit.log",
        "--audit-policy-file=/state/etc/audit-policy.json",
        "--authorization-mode=Node,RBAC",
        "--proxy-client-cert-file=/state/etc/front-proxy-client.crt",
        "--requestheader-client-ca-file=/state/etc/front-proxy-ca.crt",
        "--service-cluster-ip-range=10.200.0.0/20",
    ],
)
def test_the_api_server_audits_and_aggregates(flag: str) -> None:
    assert flag in BY_NAME["kube-apiserver"].argv


def test_the_api_server_keeps_pod_security_and_the_default_feature_gates() -> None:
    flags = " ".join(BY_NAME["kube-apiserver"].argv)
    assert "disable-admission-plugins" not in flags
    assert "feature-gates" not in flags


def test_audit_records_the_metadata_of_every_write_and_nothing_else() -> None:
    policy = json.loads(configuration.audit_policy())
    assert policy["rules"] == [
        {"level": "Metadata", "verbs": ["create", "update", "patch", "delete", "deletecollection"]},
        {"level": "None"},
    ]


def test_pods_are_told_the_address_of_the_cluster_dns_in_our_own_cgroup() -> None:
    kubelet = json.loads(
        configuration.kubelet(PLAN.addresses, PLAN.etc, constants.cgroup_of("demo"), Path("/p"))
    )
    assert kubelet["clusterDNS"] == [PLAN.addresses.cluster_dns]
    assert kubelet["cgroupRoot"] == "/paddle-sla-demo"
    assert PLAN.addresses.cluster_dns in configuration.resolver(PLAN.addresses)


def test_the_pod_network_hands_out_the_pod_range_without_masquerading() -> None:
    (plugin,) = json.loads(configuration.network(PLAN.addresses))["plugins"]
    assert plugin["ipMasq"] is False
    assert plugin["ipam"]["ranges"] == [[{"subnet": "10.200.64.0/18", "gateway": "10.200.64.1"}]]


def test_containerd_uses_our_pause_image_and_never_lowers_oom_scores() -> None:
    text = configuration.containerd(Path("/state/etc/cni"))
    assert f'sandbox_image = "{constants.PAUSE_IMAGE}"' in text
    assert "restrict_oom_score_adj = true" in text
    assert 'conf_dir = "/state/etc/cni"' in text
