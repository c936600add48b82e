"""Fetching over HTTP with everything that goes wrong, and from folders."""

from __future__ import annotations

import errno
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from paddle_runtime.bundle import fetch as fetching
from paddle_runtime.bundle.fetch import INCOMING, FetchOptions, fetch, resolve
from paddle_runtime.bundle.s3 import S3Options
from paddle_runtime.bundle.store import Bundle, open_bundle
from paddle_runtime.bundle.verify import verify
from paddle_runtime.errors import BundleFault, BundleReason
from tests.runtime.bundle.builders import FILES, Store, break_off, reply, serving, small_bundle

URI = "s3://models/small"
MANIFEST, WEIGHTS = "/models/small/model.yaml", "/models/small/model.pdiparams"


@pytest.fixture
def stored(tmp_path: Path) -> Bundle:
    return small_bundle(tmp_path / "store" / "models" / "small")


@pytest.fixture
def store(tmp_path: Path, stored: Bundle) -> Iterator[Store]:
    with serving(stored.path.parents[1]) as store:
        yield store


def options(store: Store, **changes: Any) -> FetchOptions:
    given = {"s3": S3Options(endpoint=store.url), "allow_loopback": True, "timeout_seconds": 5.0, **changes}
    return FetchOptions(**given)


def fault_of(store: Store, into: Path, **changes: Any) -> BundleFault:
    with pytest.raises(BundleFault) as caught:
        fetch(URI, options(store, **changes), into)
    return caught.value


def test_a_bundle_arrives_whole_and_nothing_else_is_left(
    store: Store, stored: Bundle, tmp_path: Path
) -> None:
    into = tmp_path / "bundle"
    bundle = fetch(URI, options(store, digest=stored.digest), into)
    assert bundle.digest == stored.digest
    verify(open_bundle(into, stored.digest))
    assert sorted(path.name for path in into.iterdir()) == ["model.pdiparams", "model.pdmodel", "model.yaml"]


def test_a_bundle_that_is_there_already_is_not_asked_for_again(
    store: Store, stored: Bundle, tmp_path: Path
) -> None:
    fetch(URI, options(store, digest=stored.digest), tmp_path / "b")
    asked = len(store.requests)
    fetch(URI, options(store, digest=stored.digest), tmp_path / "b")
    assert len(store.requests) == asked


def test_a_damaged_bundle_in_place_is_fetched_again(store: Store, stored: Bundle, tmp_path: Path) -> None:
    into = tmp_path / "b"
    fetch(URI, options(store, digest=stored.digest), into)
    (into / "model.pdmodel").write_bytes(b"damaged")
    verify(fetch(URI, options(store, digest=stored.digest), into))


def test_a_missing_bundle_is_not_found_with_its_address(store: Store, stored: Bundle, tmp_path: Path) -> None:
    shutil.rmtree(stored.path)
    fault = fault_of(store, tmp_path / "b")
    assert fault.reason is BundleReason.ModelNotFound
    assert "/models/small/model.yaml answers 404 (NoSuchKey: no such key)" in str(fault)


@pytest.mark.parametrize("status", [401, 403])
def test_a_forbidden_bundle_names_the_secrets_keys(status: int, store: Store, tmp_path: Path) -> None:
    def forbid(handler: BaseHTTPRequestHandler, path: str) -> bool:
        reply(handler, status, b"<Error><Code>AccessDenied</Code></Error>")
        return True

    store.answer = forbid
    fault = fault_of(store, tmp_path / "b")
    assert fault.reason is BundleReason.ModelForbidden
    assert "AccessDenied" in str(fault)
    assert "accessKeyId and secretAccessKey" in str(fault)


def test_a_secret_without_its_keys_is_told_before_anything_is_asked(store: Store, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    declared = S3Options(endpoint=store.url, credentials_dir=tmp_path / "secret")
    fault = fault_of(store, tmp_path / "b", s3=declared)
    assert fault.reason is BundleReason.ModelForbidden
    assert "no readable key 'accessKeyId'" in str(fault)
    assert store.requests == []


def test_another_digest_is_told_with_both_and_nothing_is_fetched(
    store: Store, stored: Bundle, tmp_path: Path
) -> None:
    wanted = "sha256:" + "1" * 64
    fault = fault_of(store, tmp_path / "b", digest=wanted)
    assert fault.reason is BundleReason.DigestMismatch
    assert wanted in str(fault)
    assert stored.digest in str(fault)
    assert len(store.requests) == 1


def test_a_file_truncated_in_the_store_is_told_with_both_sizes(
    store: Store, stored: Bundle, tmp_path: Path
) -> None:
    stored.file("model.pdiparams").write_bytes(FILES["model.pdiparams"][:1000])
    fault = fault_of(store, tmp_path / "b")
    assert fault.reason is BundleReason.BundleInvalid
    assert "model.pdiparams has 1000 bytes in the store, model.yaml says 256000" in str(fault)
    assert not (tmp_path / "b" / "model.yaml").exists()


def test_changed_bytes_of_the_same_size_are_told_with_both_hashes(
    store: Store, stored: Bundle, tmp_path: Path
) -> None:
    stored.file("model.pdiparams").write_bytes(b"\xee" + FILES["model.pdiparams"][1:])
    fault = fault_of(store, tmp_path / "b")
    assert fault.reason is BundleReason.BundleInvalid
    assert "model.pdiparams has sha256" in str(fault)


def test_a_file_that_the_store_lacks_is_an_invalid_bundle(
    store: Store, stored: Bundle, tmp_path: Path
) -> None:
    stored.file("model.pdmodel").unlink()
    fault = fault_of(store, tmp_path / "b")
    assert fault.reason is BundleReason.BundleInvalid
    assert "model.pdmodel is named in model.yaml and missing in the store" in str(fault)


def test_a_connection_that_breaks_is_resumed_where_it_broke(
    store: Store, stored: Bundle, tmp_path: Path
) -> None:
    broken: list[int] = []

    def break_once(handler: BaseHTTPRequestHandler, path: str) -> bool:
        if path != WEIGHTS or broken:
            return False
        broken.append(1)
        return break_off(handler, FILES["model.pdiparams"])

    store.answer = break_once
    verify(fetch(URI, options(store), tmp_path / "b"))
    ranges = [wanted for path, wanted in store.requests if path == WEIGHTS]
    assert ranges[0] is None
    assert ranges[1] is not None
    assert 0 < int(ranges[1].removeprefix("bytes=").rstrip("-")) <= 100_000


def test_a_killed_fetch_goes_on_where_it_was(store: Store, stored: Bundle, tmp_path: Path) -> None:
    incoming = tmp_path / "b" / INCOMING
    incoming.mkdir(parents=True)
    (incoming / "model.pdiparams").write_bytes(FILES["model.pdiparams"][:200_000])
    (incoming / "model.pdmodel").write_bytes(FILES["model.pdmodel"])
    verify(fetch(URI, options(store), tmp_path / "b"))
    assert (WEIGHTS, "bytes=200000-") in store.requests
    assert not any(path.endswith("model.pdmodel") for path, _ in store.requests)


def test_leftovers_of_another_version_are_dropped(store: Store, stored: Bundle, tmp_path: Path) -> None:
    incoming = tmp_path / "b" / INCOMING
    incoming.mkdir(parents=True)
    (incoming / "model.pdiparams").write_bytes(b"\x01" * 200_000)
    (incoming / "model.pdmodel").write_bytes(b"\x01" * 10_000_000)
    verify(fetch(URI, options(store), tmp_path / "b"))


def test_a_store_without_ranges_is_read_from_the_start_again(
    store: Store, stored: Bundle, tmp_path: Path
) -> None:
    def whole(handler: BaseHTTPRequestHandler, path: str) -> bool:
        if path != WEIGHTS:
            return False
        reply(handler, 200, FILES["model.pdiparams"])
        return True

    store.answer = whole
    incoming = tmp_path / "b" / INCOMING
    incoming.mkdir(parents=True)
    (incoming / "model.pdiparams").write_bytes(FILES["model.pdiparams"][:5000])
    verify(fetch(URI, options(store), tmp_path / "b"))


def test_a_store_with_a_hiccup_is_tried_again(store: Store, stored: Bundle, tmp_path: Path) -> None:
    failures: list[int] = []

    def hiccup(handler: BaseHTTPRequestHandler, path: str) -> bool:
        if len(failures) >= 2:
            return False
        failures.append(1)
        reply(handler, 503, b"<Error><Code>SlowDown</Code></Error>")
        return True

    store.answer = hiccup
    verify(fetch(URI, options(store), tmp_path / "b"))
    assert len(failures) == 2


def test_a_store_that_is_not_there_is_unreachable_when_the_time_is_over(tmp_path: Path) -> None:
    nobody = Store("http://127.0.0.1:1")
    fault = fault_of(nobody, tmp_path / "b", timeout_seconds=3.0)
    assert fault.reason is BundleReason.StoreUnreachable
    assert "127.0.0.1:1" in str(fault)
    assert "Tried" in str(fault)


def test_a_loopback_store_is_refused_without_the_tests_switch(store: Store, tmp_path: Path) -> None:
    fault = fault_of(store, tmp_path / "b", allow_loopback=False)
    assert fault.reason is BundleReason.AddressRefused
    assert "loopback" in str(fault)
    assert store.requests == []


def test_a_store_may_not_redirect_the_pod_to_an_address_that_it_alone_reaches(
    store: Store, tmp_path: Path
) -> None:
    with serving(tmp_path) as other:

        def redirect(handler: BaseHTTPRequestHandler, path: str) -> bool:
            reply(handler, 302, b"", {"Location": other.url + path})
            return True

        store.answer = redirect
        fault = fault_of(store, tmp_path / "b")
        assert fault.reason is BundleReason.ModelNotFound
        assert f"redirects to {other.url}" in str(fault)
        assert other.requests == []


def test_a_bundle_over_the_size_limit_is_too_large_before_it_is_fetched(store: Store, tmp_path: Path) -> None:
    fault = fault_of(store, tmp_path / "b", size_limit_bytes=1000)
    assert fault.reason is BundleReason.ModelTooLarge
    assert "the limit is 1000" in str(fault)
    assert len(store.requests) == 1


def test_a_manifest_without_end_is_read_no_further_than_its_cap(store: Store, tmp_path: Path) -> None:
    def endless(handler: BaseHTTPRequestHandler, path: str) -> bool:
        reply(handler, 200, b"a" * 3_000_000)
        return True

    store.answer = endless
    fault = fault_of(store, tmp_path / "b")
    assert fault.reason is BundleReason.BundleInvalid
    assert "more than 1048576" in str(fault)


def test_a_full_disk_is_told_with_what_is_needed_and_free(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = shutil.disk_usage(tmp_path)._replace(free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    fault = fault_of(store, tmp_path / "b")
    assert fault.reason is BundleReason.NoSpace
    assert "needs 260000 bytes, 10 are free" in str(fault)


def test_a_disk_that_fills_while_writing_is_no_space(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(incoming: Path, into: Path, found: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetching, "put_in_place", full)
    assert fault_of(store, tmp_path / "b").reason is BundleReason.NoSpace


@pytest.fixture
def dripping(store: Store, stored: Bundle) -> Iterator[Callable[[str], None]]:
    """Have the store send one of its files at ten bytes a second."""
    stop = threading.Event()

    def drip(handler: BaseHTTPRequestHandler, path: str, slow: str) -> bool:
        if path != slow:
            return False
        data = stored.file(Path(path).name).read_bytes()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.close_connection = True
        for start in range(len(data)):
            try:
                handler.wfile.write(data[start : start + 1])
                handler.wfile.flush()
            except OSError:
                return True
            stop.wait(0.1)
        return True

    def begin(slow: str) -> None:
        store.answer = lambda handler, path: drip(handler, path, slow)

    yield begin
    stop.set()


@pytest.mark.parametrize("slow", [WEIGHTS, MANIFEST])
def test_the_time_bounds_a_store_that_drips(
    store: Store, tmp_path: Path, slow: str, dripping: Callable[[str], None]
) -> None:
    dripping(slow)
    began = time.monotonic()
    fault = fault_of(store, tmp_path / "b", timeout_seconds=0.7)
    assert fault.reason is BundleReason.FetchTimeout
    assert "raise the model's preload timeout" in str(fault)
    assert time.monotonic() - began < 3


def test_a_resolve_that_takes_too_long_is_not_told_to_take_longer(
    store: Store, dripping: Callable[[str], None]
) -> None:
    """The operator gives it 30 s at most, whatever the preload timeout is."""
    dripping(MANIFEST)
    with pytest.raises(BundleFault, match="one small file, so look at the store") as fault:
        resolve(URI, options(store, timeout_seconds=0.7))
    assert fault.value.reason is BundleReason.FetchTimeout
    assert "preload" not in str(fault.value)


def test_resolving_tells_the_digest_and_reads_the_manifest_alone(store: Store, stored: Bundle) -> None:
    found = resolve(URI, options(store))
    assert found.digest == stored.digest
    assert found.manifest == stored.manifest
    assert store.requests == [(MANIFEST, None)]
