"""A bundle that is one archive in the store is resolved, fetched and served; a hostile one is told."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from hack.demo.kubectl import Kube
from paddle_runtime.bundle.archive.kinds import ArchiveKind
from paddle_runtime.bundle.archive.write import write_archive
from paddle_runtime.bundle.store import open_bundle
from tests.e2e.resources import DIGITS_REQUEST, digits
from tests.e2e.testbed import Testbed
from tests.runtime.bundle.archives.by_hand import tar_file

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def packed(site: Testbed, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The digits' bundle as a tar."""
    folder = tmp_path_factory.mktemp("digits")
    for name, content in site.bundle_objects("digits").items():
        place: Path = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    made = folder.parent / "digits.tar"
    write_archive(open_bundle(folder), ArchiveKind.TAR, made)
    return made.read_bytes()


def test_an_archive_in_the_store_is_served(site: Testbed, kube: Kube, packed: bytes) -> None:
    site.put("archives", "digits.tar", packed)
    kube.apply(digits("packed", "s3://models/archives/digits.tar").body)
    kube.wait_condition("packed", "Ready", "True", timeout=200)
    address = kube.get("service", "packed")["spec"]["clusterIP"]
    sample = json.loads(DIGITS_REQUEST.read_text())
    answer = httpx.post(f"http://{address}/v2/models/packed/infer", json=sample, timeout=10)
    assert answer.status_code == 200, answer.text
    kube.delete("pms", "packed")


def test_a_hostile_archive_is_an_invalid_bundle(site: Testbed, kube: Kube, packed: bytes) -> None:
    site.put("archives", "hostile.tar", tar_file("../evil.txt", b"evil") + packed)
    kube.apply(digits("hostile", "s3://models/archives/hostile.tar").body)
    condition = kube.wait_condition("hostile", "ModelLoaded", "False", reason="BundleInvalid", timeout=120)
    assert "../evil.txt" in condition["message"]
    kube.delete("pms", "hostile")
