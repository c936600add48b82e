"""Which cluster the demo takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from hack.cluster.layout import clusters_root
from hack.demo.own_cluster import kubeconfig_of


def test_the_kubeconfig_of_the_embedded_cluster_is_no_cluster_of_the_users() -> None:
    ours = clusters_root() / "demo" / "fresh" / "etc" / "admin.kubeconfig"
    assert kubeconfig_of({"KUBECONFIG": str(ours)}) is None


@pytest.mark.parametrize("environment", [{}, {"KUBECONFIG": ""}])
def test_without_a_kubeconfig_there_is_no_cluster_of_the_users(environment: dict[str, str]) -> None:
    assert kubeconfig_of(environment) is None


def test_any_other_kubeconfig_is_the_users(tmp_path: Path) -> None:
    config = tmp_path / "config"
    assert kubeconfig_of({"KUBECONFIG": str(config)}) == config
