"""Where a store may point: a web server to other https addresses, an S3 store to nowhere."""

from __future__ import annotations

import io

import pytest
import urllib3

from paddle_runtime.bundle.addresses import AddressPolicy, checked_pool
from paddle_runtime.bundle.deadline import Deadline
from paddle_runtime.bundle.http_source import HttpSource
from paddle_runtime.errors import BundleFault, BundleReason

BASE = "https://models.example/m/"


class Pointing(urllib3.PoolManager):
    """Answers every request with the next redirect, the last one for ever; "" is the file."""

    def __init__(self, *targets: str) -> None:
        super().__init__()
        self.asked: list[str] = []
        self._targets = list(targets)

    def request(self, method: str, url: str, **given: object) -> urllib3.HTTPResponse:  # type: ignore[override]
        self.asked.append(url)
        target = self._targets.pop(0) if len(self._targets) > 1 else self._targets[0]
        headers = {"Location": target} if target else {}
        return urllib3.HTTPResponse(
            io.BytesIO(b"file"), headers, status=302 if target else 200, preload_content=False
        )


def read(pool: urllib3.PoolManager, *, follow: bool = True) -> bytes:
    with HttpSource(pool, BASE, follow=follow).open("model.yaml", 0, Deadline.after(5)) as opened:
        return b"".join(opened.chunks)


def fault_of(pool: urllib3.PoolManager, *, follow: bool = True) -> BundleFault:
    with pytest.raises(BundleFault) as caught:
        read(pool, follow=follow)
    return caught.value


def test_a_web_server_may_point_to_another_https_address() -> None:
    pool = Pointing("https://other.example/model.yaml", "/there", "")
    assert read(pool) == b"file"
    assert pool.asked == [
        BASE + "model.yaml", "https://other.example/model.yaml", "https://other.example/there",
    ]  # fmt: skip


def test_but_not_out_of_https() -> None:
    pool = Pointing("http://other.example/model.yaml")
    assert fault_of(pool).reason is BundleReason.AddressRefused
    assert pool.asked == [BASE + "model.yaml"]


def test_nor_in_circles() -> None:
    fault = fault_of(Pointing("/m/model.yaml"))
    assert fault.reason is BundleReason.AddressRefused
    assert "redirects more than 3 times" in str(fault)


def test_an_s3_store_may_not_point_anywhere() -> None:
    pool = Pointing("https://10.0.0.1/model.yaml")
    assert fault_of(pool, follow=False).reason is BundleReason.ModelNotFound
    assert pool.asked == [BASE + "model.yaml"]


@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "127.0.0.1"])
def test_a_private_address_is_refused_wherever_it_comes_from(host: str) -> None:
    checked = checked_pool(AddressPolicy())

    class Half(Pointing):
        """The first request is redirected, the second goes out for real."""

        def request(self, method: str, url: str, **given: object) -> urllib3.HTTPResponse:  # type: ignore[override]
            if host in url:
                return checked.request(method, url, **given)  # type: ignore[arg-type, return-value]
            return super().request(method, url, **given)

    assert fault_of(Half(f"https://{host}/model.yaml")).reason is BundleReason.AddressRefused
