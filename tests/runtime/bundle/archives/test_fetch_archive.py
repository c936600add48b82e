"""Bundles that are one archive: fetched, resolved, and what goes wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from paddle_runtime.bundle.archive.kinds import ArchiveKind
from paddle_runtime.bundle.archive.write import write_archive
from paddle_runtime.bundle.fetch import INCOMING, FetchOptions, fetch, resolve
from paddle_runtime.bundle.location import HttpsLocation, parse_location
from paddle_runtime.bundle.s3 import S3Options
from paddle_runtime.bundle.store import Bundle, open_bundle
from paddle_runtime.bundle.verify import verify
from paddle_runtime.errors import BundleFault, BundleReason
from tests.runtime.bundle.archives.by_hand import files_below, tar_file
from tests.runtime.bundle.builders import Store, break_off, reply, serving, small_bundle

NAMES = ["small.tar", "small.tar.gz", "small.tgz", "small.zip"]


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return small_bundle(tmp_path / "made")


@pytest.fixture
def store(tmp_path: Path, bundle: Bundle) -> Iterator[Store]:
    folder = tmp_path / "store" / "models"
    folder.mkdir(parents=True)
    for name in NAMES:
        write_archive(bundle, ArchiveKind(name.removeprefix("small")), folder / name)
    with serving(folder.parent) as store:
        yield store


def options(store: Store, **changes: Any) -> FetchOptions:
    given = {"s3": S3Options(endpoint=store.url), "allow_loopback": True, "timeout_seconds": 5.0, **changes}
    return FetchOptions(**given)


@pytest.mark.parametrize("name", NAMES)
def test_an_archive_arrives_as_the_folder_that_it_was_made_of(
    name: str, store: Store, bundle: Bundle, tmp_path: Path
) -> None:
    into = tmp_path / "into"
    found = fetch(f"s3://models/{name}", options(store, digest=bundle.digest), into)
    assert found.digest == bundle.digest
    verify(open_bundle(into, bundle.digest))
    assert files_below(into) == ["model.pdiparams", "model.pdmodel", "model.yaml"]
    fetch(f"s3://models/{name}", options(store, digest=bundle.digest), into)
    assert len(store.requests) == 1  # the second time it was there already


@pytest.mark.parametrize("name", NAMES)
def test_resolving_reads_the_beginning_alone(name: str, store: Store, bundle: Bundle) -> None:
    sent: list[int] = []
    size = 10_000_000

    def endless(handler: BaseHTTPRequestHandler, path: str) -> bool:
        """What is behind the manifest is sent a piece at a time for as long as somebody reads."""
        data = (stored / name).read_bytes()[:2048]
        handler.send_response(200)
        handler.send_header("Content-Length", str(size))
        handler.end_headers()
        handler.close_connection = True
        try:
            while sum(sent) < size:
                handler.wfile.write(data)
                sent.append(len(data))
                data = bytes(100_000)
        except OSError:
            pass
        return True

    stored = bundle.path.parent / "store" / "models"
    store.answer = endless
    found = resolve(f"s3://models/{name}", options(store))
    assert found.digest == bundle.digest
    assert sum(sent) < size


def test_a_claim_may_hold_an_archive(store: Store, bundle: Bundle, tmp_path: Path) -> None:
    at = options(store, pvc_mount=tmp_path / "store")
    assert resolve("pvc://claim/models/small.zip", at).digest == bundle.digest
    verify(fetch("pvc://claim/models/small.zip", at, tmp_path / "into"))


def test_a_connection_that_breaks_is_taken_up_where_it_broke(store: Store, tmp_path: Path) -> None:
    data = (tmp_path / "store" / "models" / "small.tar").read_bytes()
    broken: list[int] = []

    def breaks_once(handler: BaseHTTPRequestHandler, path: str) -> bool:
        if broken:
            return False
        broken.append(1)
        return break_off(handler, data)

    store.answer = breaks_once
    verify(fetch("s3://models/small.tar", options(store), tmp_path / "into"))
    assert [wanted for _, wanted in store.requests] == [None, "bytes=100000-"]


def test_a_store_without_ranges_is_told_when_the_connection_breaks(store: Store, tmp_path: Path) -> None:
    data = (tmp_path / "store" / "models" / "small.tar").read_bytes()

    def breaks(handler: BaseHTTPRequestHandler, path: str) -> bool:
        return break_off(handler, data)

    store.answer = breaks
    with pytest.raises(BundleFault, match="gives no ranges, while its connection broke at byte 100000"):
        fetch("s3://models/small.tar", options(store), tmp_path / "into")
    assert files_below(tmp_path / "into") == []


def test_another_digest_is_refused_at_the_manifest_and_nothing_is_left(store: Store, tmp_path: Path) -> None:
    with pytest.raises(BundleFault) as fault:
        fetch("s3://models/small.tgz", options(store, digest="sha256:" + "1" * 64), tmp_path / "into")
    assert fault.value.reason is BundleReason.DigestMismatch
    assert files_below(tmp_path / "into") == []


def test_a_hostile_archive_leaves_the_bundle_that_is_there(
    store: Store, bundle: Bundle, tmp_path: Path
) -> None:
    into = tmp_path / "into"
    fetch("s3://models/small.tar", options(store), into)
    place = tmp_path / "store" / "models" / "small.tar"
    place.write_bytes(tar_file("../evil.txt", b"evil") + place.read_bytes())
    with pytest.raises(BundleFault, match=r"small.tar entry '../evil.txt': a path is relative"):
        fetch("s3://models/small.tar", options(store), into)
    verify(open_bundle(into, bundle.digest))
    assert not (into / INCOMING).exists()
    assert not (tmp_path / "evil.txt").exists()


def test_an_archive_over_the_size_limit_is_too_large(store: Store, tmp_path: Path) -> None:
    with pytest.raises(BundleFault) as fault:
        fetch("s3://models/small.zip", options(store, size_limit_bytes=1000), tmp_path / "into")
    assert fault.value.reason is BundleReason.ModelTooLarge


def test_an_archive_that_is_not_there_is_not_found(store: Store, tmp_path: Path) -> None:
    with pytest.raises(BundleFault) as fault:
        fetch("s3://models/other.zip", options(store), tmp_path / "into")
    assert fault.value.reason is BundleReason.ModelNotFound


def test_a_store_that_answers_with_something_else_is_told(store: Store, tmp_path: Path) -> None:
    def page(handler: BaseHTTPRequestHandler, path: str) -> bool:
        reply(handler, 200, b"<html>please log in</html>")
        return True

    store.answer = page
    with pytest.raises(BundleFault, match=r"small.tgz cannot be unpacked"):
        fetch("s3://models/small.tgz", options(store), tmp_path / "into")


def test_an_address_is_an_archive_by_its_last_name_and_a_slash_makes_it_a_folder() -> None:
    found = parse_location("https://host/a/b%20c.tar.gz")
    assert isinstance(found, HttpsLocation)
    assert found.base == "https://host/a/"
    assert found.archive is not None
    assert (found.archive.name, found.archive.kind) == ("b c.tar.gz", ArchiveKind.TAR_GZ)
    assert parse_location("https://host/m.zip/") == HttpsLocation("https://host/m.zip/")
    with pytest.raises(BundleFault, match=r"archives of the kind .tar.zst are not read"):
        parse_location("https://host/m.tar.zst")
