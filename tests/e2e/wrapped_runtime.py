"""The runtime's image with a layer of a test's on top: what its files change is no part of the product."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hack.cluster.api import ClusterInfo
from hack.cluster.images import delivery
from hack.cluster.images.builds import name_of
from hack.cluster.images.cache import PREFIX, images_root, locked, store
from hack.cluster.images.store import write_layer
from hack.cluster.progress import Progress

WITHOUT_DEVICE_CHECK = Path(__file__).parent / "without_device_check"
"""For nodes with fake accelerators: every predictor computes on the CPU."""
FAULTY = Path(__file__).parent / "faulty"
"""The environment FAULT names what goes wrong."""


def wrapped_runtime(cluster: ClusterInfo, folder: Path, progress: Progress) -> str:
    """Put a folder's `paddle-runtime` and `sitecustomize.py` into the newest image of the runtime, hand it to
    the node, and return its name.

    The program of the folder is started in place of the runtime's; it has to say in PYTHONPATH that the other
    file is read: /opt/FOLDER.
    """
    files = {
        "opt/paddle-sla/bin/paddle-runtime": (folder / "paddle-runtime", 0o755),
        f"opt/{folder.name}/sitecustomize.py": (folder / "sitecustomize.py", 0o644),
    }
    with locked(), tempfile.TemporaryDirectory(dir=images_root(), prefix=".layer-") as scratch:
        layer = Path(scratch) / "layer.tar"
        write_layer(layer, files)
        name = f"{PREFIX}/runtime-{folder.name.replace('_', '-')}:dev"
        image = store().add(name, [layer], base=name_of("runtime"), config={}).named_by_content()
    delivery.load(cluster, progress, [image])
    return image.name
