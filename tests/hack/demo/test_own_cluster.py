"""Which cluster the demo takes, and what it does to one that the user has."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from hack.cluster.errors import ClusterError, CommandFailed
from hack.cluster.images import builds
from hack.cluster.images.cache import store
from hack.cluster.images.store import Image, write_layer
from hack.cluster.layout import clusters_root
from hack.cluster.progress import Progress
from hack.demo import own_cluster
from hack.demo.own_cluster import kind_engine, kubeconfig_of
from tests.hack.programs import FakePrograms

# A kind that lists no cluster, and refuses to make one without being told the engine.
KIND = '[ "$1" = create ] || [ "$1" = load ] && [ -z "$KIND_EXPERIMENTAL_PROVIDER" ] && exit 1; exit 0'


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePrograms:
    monkeypatch.setenv("PADDLE_SLA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("KIND_EXPERIMENTAL_PROVIDER", raising=False)
    return FakePrograms(tmp_path, monkeypatch)


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Image]:
    """Two images, as a build leaves them."""
    made = {}
    for target in builds.TARGETS:
        program, layer = tmp_path / target, tmp_path / "layer.tar"
        program.write_text(target)
        write_layer(layer, {target: (program, 0o755)})
        made[target] = store().add(builds.name_of(target), [layer], config={}).named_by_content()
    monkeypatch.setattr(builds, "ensure", lambda progress: made)
    return made


def quiet() -> Progress:
    return Progress(io.StringIO(), live=False)


def test_the_kubeconfig_of_the_embedded_cluster_is_no_cluster_of_the_users() -> None:
    ours = clusters_root() / "demo" / "fresh" / "etc" / "admin.kubeconfig"
    assert kubeconfig_of({"KUBECONFIG": str(ours)}) is None


@pytest.mark.parametrize("environment", [{}, {"KUBECONFIG": ""}])
def test_without_a_kubeconfig_there_is_no_cluster_of_the_users(environment: dict[str, str]) -> None:
    assert kubeconfig_of(environment) is None


def test_any_other_kubeconfig_is_the_users(tmp_path: Path) -> None:
    config = tmp_path / "config"
    assert kubeconfig_of({"KUBECONFIG": str(config)}) == config


def test_without_kind_or_without_an_engine_there_is_no_kind_cluster(programs: FakePrograms) -> None:
    programs.install("docker")
    assert kind_engine({}) is None
    programs.install("kind")
    programs.install("docker", "exit 1")
    assert kind_engine({}) is None


def test_kind_takes_podman_where_docker_does_not_answer(programs: FakePrograms) -> None:
    programs.install("kind")
    programs.install("podman")
    programs.install("docker", "exit 1")
    assert kind_engine({}) == "podman"
    programs.install("docker")
    assert kind_engine({}) == "docker"
    assert kind_engine({"KIND_EXPERIMENTAL_PROVIDER": "podman"}) == "podman"


def test_kind_gets_images_under_names_of_their_content(
    programs: FakePrograms, built: dict[str, Image]
) -> None:
    for name in ("kind", "kubectl", "helm"):
        programs.install(name, KIND if name == "kind" else "exit 0")
    own_cluster.from_kind("podman", quiet())
    loads = [call for call in programs.calls if call.startswith("kind load image-archive ")]
    assert len(loads) == 2
    assert all(call.endswith(" --name paddle-sla") for call in loads)
    (operator,) = [call for call in programs.calls if "paddle-sla-operator" in call]
    tag = built["operator"].digest.removeprefix("sha256:")[:12]
    assert f"image.repository=localhost/paddle-sla/operator --set-string image.tag={tag} " in operator
    assert f"runtimeImages.cpu={built['runtime'].name}" in operator


def test_a_kind_that_fails_is_told_with_what_it_said(programs: FakePrograms) -> None:
    programs.install("kind", '[ "$1" = get ] || { echo no room >&2; exit 1; }')
    with pytest.raises(CommandFailed, match=r"kind create cluster .* ended with 1: no room"):
        own_cluster.from_kind("docker", quiet())


def test_a_registry_gets_images_under_names_of_their_content(
    tmp_path: Path, programs: FakePrograms, built: dict[str, Image]
) -> None:
    for name in ("skopeo", "kubectl", "helm"):
        programs.install(name)
    (tmp_path / "config").touch()
    own_cluster.from_kubeconfig(tmp_path / "config", {"IMAGE_PREFIX": "example.com/x"}, quiet())
    tag = built["runtime"].name.rpartition(":")[2]
    (pushed,) = [call for call in programs.calls if "docker://example.com/x/runtime" in call]
    assert pushed.endswith(f"localhost/paddle-sla/runtime:dev docker://example.com/x/runtime:{tag}")
    assert any(f"runtimeImages.cpu=example.com/x/runtime:{tag}" in call for call in programs.calls)


def test_a_helm_that_fails_says_where_to_look(
    tmp_path: Path, programs: FakePrograms, built: dict[str, Image]
) -> None:
    programs.install("kubectl")
    programs.install("helm", "echo no such chart >&2; exit 1")
    (tmp_path / "config").touch()
    present = {"PADDLE_SLA_IMAGES": "example.com/operator:1,example.com/runtime:1"}
    with pytest.raises(ClusterError, match=r"no such chart; look at `kubectl -n paddle-sla-system get"):
        own_cluster.from_kubeconfig(tmp_path / "config", present, quiet())
