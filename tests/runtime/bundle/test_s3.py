"""S3: addressing, signatures, and a real server."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hack.cluster.layout import bin_dir
from paddle_runtime.bundle.fetch import FetchOptions, fetch, resolve
from paddle_runtime.bundle.location import S3Location
from paddle_runtime.bundle.s3 import Addressing, S3Options, base_url
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.bundle.verify import verify
from paddle_runtime.errors import BundleFault, BundleReason
from tests.runtime.bundle.builders import small_bundle

PLACE = S3Location("models", "a b/v1")


@pytest.mark.parametrize(
    ("options", "url"),
    [
        (S3Options("http://s3.store:7070"), "http://s3.store:7070/models/a%20b/v1/"),
        (S3Options("https://s3.store/root/"), "https://s3.store/root/models/a%20b/v1/"),
        (
            S3Options("https://s3.store", addressing=Addressing.VIRTUAL_HOST),
            "https://models.s3.store/a%20b/v1/",
        ),
        (S3Options(region="eu-west-1"), "https://s3.eu-west-1.amazonaws.com/models/a%20b/v1/"),
    ],
)
def test_a_bundles_address(options: S3Options, url: str) -> None:
    assert base_url(PLACE, options) == url


@pytest.mark.parametrize(
    "endpoint", ["s3.store", "ftp://s3.store", "http://user:pw@s3.store", "http://s3.store?x=1"]
)
def test_an_endpoint_that_is_none_is_refused(endpoint: str) -> None:
    with pytest.raises(BundleFault) as fault:
        base_url(PLACE, S3Options(endpoint))
    assert fault.value.reason is BundleReason.AddressRefused


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """versitygw over a folder, with one pair of keys."""
    root = tmp_path_factory.mktemp("buckets")
    (root / "models").mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = bin_dir() / "versitygw"
    keys = ["--access", "key", "--secret", "secret", "--port", f"127.0.0.1:{port}", "--quiet"]
    process = subprocess.Popen([str(program), *keys, "posix", str(root)], stdout=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        yield f"http://127.0.0.1:{port}", root / "models"
    finally:
        process.terminate()
        process.wait(timeout=10)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        assert process.poll() is None, "versitygw ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("versitygw does not listen")


def credentials(folder: Path, secret: str) -> Path:
    folder.mkdir()
    (folder / "accessKeyId").write_text("key\n")
    (folder / "secretAccessKey").write_text(secret + "\n")
    return folder


def options(endpoint: str, credentials_dir: Path | None) -> FetchOptions:
    declared = S3Options(endpoint=endpoint, credentials_dir=credentials_dir)
    return FetchOptions(s3=declared, allow_loopback=True, timeout_seconds=10)


@pytest.mark.e2e
class TestARealServer:
    """versitygw, as in the cluster."""

    def test_gives_a_bundle_to_who_has_the_keys(self, gateway: tuple[str, Path], tmp_path: Path) -> None:
        endpoint, bucket = gateway
        stored: Bundle = small_bundle(bucket / "sign ed" / "v1")
        right = options(endpoint, credentials(tmp_path / "keys", "secret"))
        bundle = fetch("s3://models/sign ed/v1", right, tmp_path / "b")
        assert bundle.digest == stored.digest
        assert verify(bundle)

    @pytest.mark.parametrize("secret", ["wrong", None])
    def test_refuses_others_with_what_to_do(
        self, secret: str | None, gateway: tuple[str, Path], tmp_path: Path
    ) -> None:
        endpoint, bucket = gateway
        small_bundle(bucket / str(secret))
        given = None if secret is None else credentials(tmp_path / "keys", secret)
        with pytest.raises(BundleFault, match="secretAccessKey") as fault:
            resolve(f"s3://models/{secret}", options(endpoint, given))
        assert fault.value.reason is BundleReason.ModelForbidden

    def test_says_that_a_bundle_is_missing(self, gateway: tuple[str, Path], tmp_path: Path) -> None:
        right = options(gateway[0], credentials(tmp_path / "keys", "secret"))
        with pytest.raises(BundleFault, match="NoSuchKey") as fault:
            resolve("s3://models/nothing", right)
        assert fault.value.reason is BundleReason.ModelNotFound
