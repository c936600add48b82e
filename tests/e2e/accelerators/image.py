"""The runtime's image without the check of the device: a layer more, for nodes with fake accelerators."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hack.cluster.api import ClusterInfo
from hack.cluster.images import delivery
from hack.cluster.images.builds import name_of
from hack.cluster.images.cache import PREFIX, images_root, locked, store
from hack.cluster.images.store import write_layer
from hack.cluster.progress import Progress

NAME = f"{PREFIX}/runtime-without-device-check:dev"
FILES = Path(__file__).parent / "without_device_check"


def runtime_without_device_check(cluster: ClusterInfo, progress: Progress) -> str:
    """Put it on top of the newest image of the runtime, hand it to the node, and return its name."""
    with locked(), tempfile.TemporaryDirectory(dir=images_root(), prefix=".layer-") as scratch:
        layer = Path(scratch) / "layer.tar"
        write_layer(
            layer,
            {
                "opt/paddle-sla/bin/paddle-runtime": (FILES / "paddle-runtime", 0o755),
                "opt/without-device-check/sitecustomize.py": (FILES / "sitecustomize.py", 0o644),
            },
        )
        image = store().add(NAME, [layer], base=name_of("runtime"), config={}).named_by_content()
    delivery.load(cluster, progress, [image])
    return image.name
