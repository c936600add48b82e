"""Several accelerators in one pod: each worker computes on one of them, and none is left out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from paddle_runtime.answering import open_model
from paddle_runtime.dispatch.cpus import cpu_limit
from paddle_runtime.errors import BundleFault
from paddle_runtime.predictor.devices import Device, DeviceSettings
from tests.runtime.bundle.builders import small_bundle
from tests.runtime.serving.testbed import RunningServer, picture, wait_until

LIMITS = {
    "maxBodyBytes": 1, "maxPixels": 40_000_000, "maxSide": 1, "maxPages": 1, "maxDecodeBytes": 1, "pdfDpi": 1,
    "engine": "bundle",
}  # fmt: skip
CPUS = max(int(cpu_limit()), 1)


def devices_by_worker(log: str) -> dict[int, int]:
    told = re.findall(r"worker (\d+): loaded on device (\d+)", log)
    return {int(worker): int(device) for worker, device in told}


@pytest.mark.parametrize(
    ("settings", "devices"),
    [
        ({"device": "GPU"}, [0]),
        ({"device": "GPU", "device_count": 2}, [0, 1]),
        ({"device": "NPU", "device_count": 3}, [0, 1, 2]),
        ({"device": "MLU", "device_count": 2, "workers": 4}, [0, 1, 0, 1]),
        ({"device": "CPU", "device_count": 2}, [0] * CPUS),
    ],
)
def test_workers_are_spread_over_the_devices(
    tmp_path: Path, settings: dict[str, Any], devices: list[int]
) -> None:
    with RunningServer(tmp_path, **{"workers": 0, **settings}) as server:
        server.wait_warm(len(devices))
        assert devices_by_worker(server.log) == dict(enumerate(devices))
        assert "device_count" not in server.log


def test_a_replaced_worker_takes_its_place_on_the_same_device(tmp_path: Path) -> None:
    with RunningServer(tmp_path, device="GPU", device_count=2, workers=0) as server:
        server.wait_warm(2)
        assert server.ocr(picture(die=True)).status_code == 502
        wait_until(lambda: server.log.count(": loaded on device ") == 3, what="another worker")
        assert devices_by_worker(server.log) == {0: 0, 1: 1}


def test_devices_without_a_worker_are_told_with_both_values(tmp_path: Path) -> None:
    with RunningServer(tmp_path, device="GPU", device_count=4, workers=1) as server:
        assert "workers=1 is less than device_count=4" in server.log
        assert "3 devices compute nothing" in server.log


def test_a_worker_opens_its_model_on_the_device_of_its_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[DeviceSettings] = []

    def open_pipeline(bundle: object, device: DeviceSettings) -> None:
        asked.append(device)

    bundle = small_bundle(tmp_path / "bundle")
    monkeypatch.setattr("paddle_runtime.answering.open_pipeline", open_pipeline)
    device = {"device": "MLU", "deviceId": 1, "deviceMemoryMib": 7, "engineCacheDir": "/c"}
    order = {"bundle": str(bundle.path), "digest": bundle.digest, "modules": {}, **device}
    with pytest.raises(BundleFault, match="self-test failed"):  # there is no pipeline to test
        open_model({**order, **LIMITS, "modelName": "m"}, lambda *_: None)
    assert asked == [DeviceSettings(Device.MLU, device_id=1, memory_mib=7, cache_dir=Path("/c"))]
