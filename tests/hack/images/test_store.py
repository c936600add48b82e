"""The image store: what goes in comes out whole, once, and without what the node has already."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from hack.cluster.images.store import Image, ImageStore, write_layer

BASE = "localhost/test/base:1"
APP = "localhost/test/app:1"


def layer(folder: Path, content: str) -> Path:
    source = folder / "source"
    source.write_text(content)
    target = folder / "layer.tar"
    write_layer(target, {"usr/local/bin/program": (source, 0o755)})
    return target


def store_with_two_images(folder: Path) -> tuple[ImageStore, Image, Image]:
    store = ImageStore(folder / "oci")
    base = store.add(BASE, [layer(folder, "base")], config={"Env": ["PATH=/bin"], "Cmd": ["sh"]})
    app = store.add(APP, [layer(folder, "app")], base=BASE, config={"Cmd": ["program"]})
    return store, base, app


def document(store: ImageStore, image: Image) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(store.blob(image.blobs[1]).read_text())
    return read


def test_an_image_on_a_base_shares_its_layers_and_inherits_its_configuration(tmp_path: Path) -> None:
    store, base, app = store_with_two_images(tmp_path)
    assert app.blobs[2] == base.blobs[2]
    assert len(app.blobs) == 4
    assert document(store, app)["config"] == {"Env": ["PATH=/bin"], "Cmd": ["program"]}


def test_the_history_accounts_for_every_layer_as_builders_demand(tmp_path: Path) -> None:
    store, _, app = store_with_two_images(tmp_path)
    read = document(store, app)
    assert len(read["history"]) == len(read["rootfs"]["diff_ids"]) == 2
    assert read["rootfs"]["diff_ids"] == list(app.blobs[2:])


def test_equal_files_give_an_equal_image(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    digests = {store_with_two_images(folder)[2].digest for folder in folders}
    assert len(digests) == 1


def test_an_image_is_found_by_name_only_while_all_of_it_is_there(tmp_path: Path) -> None:
    store, _, app = store_with_two_images(tmp_path)
    assert store.find(APP) == app
    assert store.find("localhost/test/app:2") is None
    store.blob(app.blobs[-1]).unlink()
    assert store.find(APP) is None


def test_a_name_goes_to_the_newest_image_and_pruning_frees_the_old_layer(tmp_path: Path) -> None:
    store, _, old = store_with_two_images(tmp_path)
    new = store.add(APP, [layer(tmp_path, "app, changed")], base=BASE, config={"Cmd": ["program"]})
    assert store.find(APP) == new
    assert store.prune() > 0
    assert not store.blob(old.blobs[-1]).exists()
    assert store.find(APP) == new
    assert store.find(BASE) is not None


def test_pruning_forgets_what_lost_its_name_to_another_tool(tmp_path: Path) -> None:
    store, base, app = store_with_two_images(tmp_path)
    index = json.loads(store.index.read_text())
    for entry in index["manifests"]:
        if entry["digest"] == app.digest:
            del entry["annotations"]
    store.index.write_text(json.dumps(index))
    store.prune()
    assert not store.blob(app.digest).exists()
    assert store.find(BASE) == base


def names_in(archive: Path) -> set[str]:
    with tarfile.open(archive) as tar:
        return {f"sha256:{Path(name).name}" for name in tar.getnames() if name.startswith("blobs/")}


def test_an_archive_for_an_empty_node_holds_every_blob(tmp_path: Path) -> None:
    store, _, app = store_with_two_images(tmp_path)
    written = store.archive(app, tmp_path / "whole.tar")
    assert names_in(tmp_path / "whole.tar") == set(app.blobs)
    assert written == (tmp_path / "whole.tar").stat().st_size


def test_an_archive_leaves_out_what_the_node_has_but_never_the_description(tmp_path: Path) -> None:
    store, base, app = store_with_two_images(tmp_path)
    store.archive(app, tmp_path / "delta.tar", without=set(base.blobs))
    assert names_in(tmp_path / "delta.tar") == set(app.blobs) - {base.blobs[2]}
    store.archive(app, tmp_path / "none.tar", without=set(app.blobs))
    assert names_in(tmp_path / "none.tar") == set(app.blobs[:2])


def test_an_archive_carries_the_name_under_which_containerd_files_it(tmp_path: Path) -> None:
    store, _, app = store_with_two_images(tmp_path)
    store.archive(app, tmp_path / "whole.tar")
    with tarfile.open(tmp_path / "whole.tar") as tar:
        stream = tar.extractfile("index.json")
        assert stream is not None
        (entry,) = json.load(stream)["manifests"]
    assert entry["annotations"]["io.containerd.image.name"] == APP
    assert entry["digest"] == app.digest


def test_building_on_an_image_that_is_not_there_names_it(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="localhost/test/base:1"):
        ImageStore(tmp_path / "oci").add(APP, [layer(tmp_path, "app")], base=BASE, config={})


def test_a_layer_holds_its_folders_and_the_mode_of_its_files(tmp_path: Path) -> None:
    with tarfile.open(layer(tmp_path, "program")) as tar:
        found = {entry.name: (entry.isdir(), entry.mode, entry.uid, entry.mtime) for entry in tar}
    assert found == {
        "usr": (True, 0o755, 0, 0),
        "usr/local": (True, 0o755, 0, 0),
        "usr/local/bin": (True, 0o755, 0, 0),
        "usr/local/bin/program": (False, 0o755, 0, 0),
    }
