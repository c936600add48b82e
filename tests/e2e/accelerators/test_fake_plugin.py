"""The fake of the hardware, beside a fake of the kubelet."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import Any

import grpc
import pytest

from hack.generated import ROOT
from tests.e2e.accelerators import device_plugin_pb2 as messages
from tests.e2e.accelerators.fake_plugin import HANDED_OUT, KUBELET_SOCKET, SERVICE, advertised
from tests.e2e.wrapped_runtime import WITHOUT_DEVICE_CHECK

GPU = "nvidia.com/gpu"


@pytest.fixture
def registered(tmp_path: Path) -> Iterator[Queue[messages.RegisterRequest]]:
    """What was said to a kubelet whose folder this is."""
    heard: Queue[messages.RegisterRequest] = Queue()

    def register(request: messages.RegisterRequest, _: Any) -> messages.Empty:
        heard.put(request)
        return messages.Empty()

    handler = grpc.unary_unary_rpc_method_handler(
        register, messages.RegisterRequest.FromString, messages.Empty.SerializeToString
    )
    server = grpc.server(ThreadPoolExecutor(max_workers=1))
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("v1beta1.Registration", {"Register": handler}),)
    )
    server.add_insecure_port(f"unix:{tmp_path / KUBELET_SOCKET}")
    server.start()
    yield heard
    server.stop(grace=None).wait()


def test_a_plugin_tells_the_kubelet_where_it_is_and_leaves_no_socket(
    tmp_path: Path, registered: Queue[messages.RegisterRequest]
) -> None:
    with advertised(tmp_path, GPU, 1):
        said = registered.get(timeout=5)
        assert (said.version, said.resource_name) == ("v1beta1", GPU)
        assert (tmp_path / said.endpoint).is_socket()
    assert not (tmp_path / said.endpoint).exists()


def test_the_kubelet_is_told_of_every_device_and_of_every_change(
    tmp_path: Path, registered: Queue[messages.RegisterRequest]
) -> None:
    with advertised(tmp_path, GPU, 1) as plugin:
        endpoint = tmp_path / registered.get(timeout=5).endpoint
        with grpc.insecure_channel(f"unix:{endpoint}") as channel:
            watch = channel.unary_stream(
                f"/{SERVICE}/ListAndWatch",
                request_serializer=messages.Empty.SerializeToString,
                response_deserializer=messages.ListAndWatchResponse.FromString,
            )
            lists = watch(messages.Empty(), timeout=10)
            assert [(one.ID, one.health) for one in next(lists).devices] == [("fake-gpu-0", "Healthy")]
            plugin.has(2)
            assert [one.ID for one in next(lists).devices] == ["fake-gpu-0", "fake-gpu-1"]
            plugin.end()
            assert list(lists) == []


def test_a_container_is_told_which_devices_are_its_own(
    tmp_path: Path, registered: Queue[messages.RegisterRequest]
) -> None:
    with advertised(tmp_path, GPU, 2):
        endpoint = tmp_path / registered.get(timeout=5).endpoint
        with grpc.insecure_channel(f"unix:{endpoint}") as channel:
            allocate = channel.unary_unary(
                f"/{SERVICE}/Allocate",
                request_serializer=messages.AllocateRequest.SerializeToString,
                response_deserializer=messages.AllocateResponse.FromString,
            )
            one = messages.ContainerAllocateRequest(devices_ids=["fake-gpu-1"])
            answer = allocate(messages.AllocateRequest(container_requests=[one]), timeout=10)
    assert [dict(each.envs) for each in answer.container_responses] == [{HANDED_OUT: "fake-gpu-1"}]


def test_the_runtime_of_the_tests_computes_on_the_cpu_whatever_the_device() -> None:
    """In processes of their own: the file changes the runtime for good."""
    asked = "from paddle_runtime.predictor.devices import *; print(DeviceSettings(Device.NPU, device_id=3))"

    def settings(*folders: Path) -> str:
        path = os.pathsep.join(str(folder) for folder in (*folders, ROOT / "runtime"))
        command = [sys.executable, "-P", "-c", asked]
        environment = {**os.environ, "PYTHONPATH": path}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    assert "'NPU'" in settings()
    assert settings(WITHOUT_DEVICE_CHECK) == settings().replace("NPU: 'NPU'", "CPU: 'CPU'")
