"""A device plugin for hardware that is not there: the kubelet counts its devices and hands them out as real
ones, and scheduler, quota and node status know no difference. Nothing computes on them.

It runs outside of the node: the folder of the kubelet's sockets lies in the cluster's state folder, and a
socket is the same file on both sides.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc

from tests.e2e.accelerators import device_plugin_pb2 as messages

VERSION = "v1beta1"
KUBELET_SOCKET = "kubelet.sock"
REGISTER = "/v1beta1.Registration/Register"
SERVICE = "v1beta1.DevicePlugin"
HANDED_OUT = "PADDLE_SLA_FAKE_DEVICES"
"""In a container: the ids of its devices."""
_SECONDS = 10.0


class FakePlugin:
    """So many devices of one resource name, until it is told otherwise or ends."""

    def __init__(self, resource: str, count: int) -> None:
        self.resource = resource
        self._changed = threading.Condition()
        self._count = count
        self._over = False

    def has(self, count: int) -> None:
        """Change how many there are."""
        with self._changed:
            self._count = count
            self._changed.notify_all()

    def end(self) -> None:
        """Let the kubelet's watch end."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def options(self, _: messages.Empty, __: grpc.ServicerContext) -> messages.DevicePluginOptions:
        """None: no call before a container starts, no preference among devices."""
        return messages.DevicePluginOptions()

    def watch(self, _: messages.Empty, __: grpc.ServicerContext) -> Iterator[messages.ListAndWatchResponse]:
        """Yield all devices, at the start and at each change."""
        told = None
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._over or self._count != told)  # noqa: B023
                if self._over:
                    return
                told = self._count
            name = self.resource.rpartition("/")[2]
            devices = (messages.Device(ID=f"fake-{name}-{at}", health="Healthy") for at in range(told))
            yield messages.ListAndWatchResponse(devices=devices)

    def allocate(self, asked: messages.AllocateRequest, _: grpc.ServicerContext) -> messages.AllocateResponse:
        """Tell each container which devices are its own."""
        return messages.AllocateResponse(
            container_responses=[
                messages.ContainerAllocateResponse(envs={HANDED_OUT: ",".join(one.devices_ids)})
                for one in asked.container_requests
            ]
        )


@contextmanager
def advertised(folder: Path, resource: str, count: int) -> Iterator[FakePlugin]:
    """Serve the devices from a socket in the kubelet's folder, for as long as the block runs."""
    plugin = FakePlugin(resource, count)
    endpoint = f"fake-{resource.replace('/', '-')}.sock"
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, _handlers(plugin)),))
    server.add_insecure_port(f"unix:{folder / endpoint}")
    server.start()
    try:
        _register(folder, endpoint, resource)
        yield plugin
    finally:
        plugin.end()
        server.stop(grace=1).wait()
        (folder / endpoint).unlink(missing_ok=True)


def _register(folder: Path, endpoint: str, resource: str) -> None:
    """Tell the kubelet where the plugin is; it asks back at once."""
    # The kubelet refuses a request whose authority is a path, which it is by default.
    options = (("grpc.default_authority", "localhost"),)
    with grpc.insecure_channel(f"unix:{folder / KUBELET_SOCKET}", options=options) as channel:
        register = channel.unary_unary(
            REGISTER,
            request_serializer=messages.RegisterRequest.SerializeToString,
            response_deserializer=messages.Empty.FromString,
        )
        asked = messages.RegisterRequest(version=VERSION, endpoint=endpoint, resource_name=resource)
        register(asked, timeout=_SECONDS, wait_for_ready=True)


def _handlers(plugin: FakePlugin) -> dict[str, grpc.RpcMethodHandler[Any, Any]]:
    return {
        "GetDevicePluginOptions": grpc.unary_unary_rpc_method_handler(
            plugin.options, messages.Empty.FromString, messages.DevicePluginOptions.SerializeToString
        ),
        "ListAndWatch": grpc.unary_stream_rpc_method_handler(
            plugin.watch, messages.Empty.FromString, messages.ListAndWatchResponse.SerializeToString
        ),
        "Allocate": grpc.unary_unary_rpc_method_handler(
            plugin.allocate, messages.AllocateRequest.FromString, messages.AllocateResponse.SerializeToString
        ),
    }
