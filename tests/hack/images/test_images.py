"""Settings of a build, and handing over only what is missing."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import cast

import pytest

from hack.cluster.api import ClusterInfo
from hack.cluster.errors import ClusterError
from hack.cluster.images import delivery
from hack.cluster.images.builds import Settings
from hack.cluster.images.cache import images_root, store
from hack.cluster.images.engine import Engine
from hack.cluster.images.store import Image, write_layer
from hack.cluster.progress import Progress

NAME = "localhost/test/app:1"


class FakeNode:
    """A node's image store: knows names and blobs, takes archives in."""

    def __init__(self) -> None:
        self.blobs: set[str] = set()
        self.names: dict[str, str] = {}
        self.moved: list[set[str]] = []

    def ctr(self, *arguments: str) -> str:
        if arguments[0] == "content":
            return "\n".join(sorted(self.blobs))
        rows = [f"{name} application/x {digest} 1 MiB linux/amd64 -" for name, digest in self.names.items()]
        return "\n".join(["REF TYPE DIGEST SIZE PLATFORMS LABELS", *rows])

    def load(self, archive: Path) -> None:
        with tarfile.open(archive) as tar:
            found = {f"sha256:{Path(name).name}" for name in tar.getnames() if name.startswith("blobs/")}
        self.moved.append(found)
        self.blobs |= found


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PADDLE_SLA_CACHE", str(tmp_path / "cache"))
    return tmp_path


def made(folder: Path, content: str) -> Image:
    source, layer = folder / "source", folder / "layer.tar"
    source.write_text(content)
    write_layer(layer, {"program": (source, 0o755)})
    return store().add(NAME, [layer], config={})


def load(node: FakeNode, *wanted: Image) -> None:
    images_root().mkdir(parents=True, exist_ok=True)
    delivery.load(cast("ClusterInfo", node), Progress(io.StringIO(), live=False), wanted)


def test_an_image_that_the_node_has_is_not_handed_over_again(cache: Path) -> None:
    image, node = made(cache, "one"), FakeNode()
    load(node, image)
    assert node.moved == [set(image.blobs)]
    node.names[NAME] = image.digest
    load(node, image)
    assert len(node.moved) == 1


def test_a_changed_image_is_handed_over_without_the_layers_it_shares(cache: Path) -> None:
    old, node = made(cache, "one"), FakeNode()
    load(node, old)
    node.names[NAME] = old.digest
    source, layer = cache / "more", cache / "more.tar"
    source.write_text("two")
    write_layer(layer, {"more": (source, 0o644)})
    new = store().add(NAME, [layer], base=NAME, config={})
    load(node, new)
    assert node.moved[1] == set(new.blobs) - {old.blobs[2]}


def test_the_environment_chooses_base_and_device() -> None:
    wheels = {"PADDLE_WHEEL": "paddlepaddle-gpu==3.2.2", "ONNXRUNTIME_WHEEL": "onnxruntime-gpu==1.32.0"}
    settings = Settings.of(Engine("buildah"), {"BASE_IMAGE": "nvidia/cuda:12", "DEVICE": "GPU", **wheels})
    assert settings.base == "nvidia/cuda:12"
    assert settings.arguments == {"DEVICE": "GPU", **wheels}


def test_docker_is_given_the_public_base() -> None:
    assert Settings.of(Engine("docker"), {}).base == "debian:bookworm-slim"


def test_a_cluster_of_ones_own_needs_a_registry_and_the_error_shows_how() -> None:
    with pytest.raises(ClusterError, match=r"IMAGE_PREFIX=registry\.example\.com/you"):
        delivery.registry_prefix({})
    assert delivery.registry_prefix({"IMAGE_PREFIX": "example.org/x"}) == "example.org/x"
