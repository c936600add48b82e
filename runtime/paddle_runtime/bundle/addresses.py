"""Which network addresses a fetch may connect to, and a connection pool that asks on every connection.

A URI is written by a tenant and fetched inside the cluster, so it must not reach what only the cluster
can: the node, the metadata service, private services. The address is checked after the name was looked up
and that very address is connected to, so a name that changes its answer gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from weakref import WeakSet

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util import connection as urllib3_connection

from paddle_runtime.errors import BundleFault, BundleReason

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Metadata services outside of link-local: Azure's wire server, Alibaba's, Oracle's, Amazon's over IPv6.
METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254")
)
PARALLEL_CONNECTIONS = 4
THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
SHARED = ipaddress.ip_network("100.64.0.0/10")
NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Translation and sites of one's own: private by their meaning, unknown to the standard library as such.
LOCAL_NAT64, SITE_LOCAL = ipaddress.ip_network("64:ff9b:1::/48"), ipaddress.ip_network("fec0::/10")


@dataclass(frozen=True)
class AddressPolicy:
    """private: addresses of the cluster and its network, for a declared S3 endpoint. loopback: tests only."""

    private: bool = False
    loopback: bool = False

    def problem(self, text: str) -> str | None:
        """Why an address is refused, or None."""
        address = unwrapped(ipaddress.ip_address(text.partition("%")[0]))
        if address.is_loopback:
            return None if self.loopback else "it is this machine itself (loopback)"
        kinds = (
            (address in METADATA, "it is a metadata service"),
            (address.is_link_local, "it is link-local, where metadata services are"),
            (
                address.is_multicast or address in THIS_NETWORK or not int(address),
                "it is no machine's address",
            ),
            (address.is_reserved, "it is reserved"),
        )
        if found := next((words for refused, words in kinds if refused), None):
            return found
        private = address.is_private or any(address in net for net in (SHARED, LOCAL_NAT64, SITE_LOCAL))
        if private and not self.private:
            return "it is private, which is allowed for a declared S3 endpoint only"
        return None


def unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one carries, so that no notation goes around the rules."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


def allowed_address(host: str, port: int, policy: AddressPolicy) -> str:
    """Look a name up and give one address; refused when any of its addresses is."""
    found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for address in found:
        if problem := policy.problem(address):
            raise BundleFault(
                BundleReason.AddressRefused,
                f"{host} is at {address}, and {problem}: use a public store, or an S3 endpoint declared in "
                "spec.model.s3.endpoint.",
            )
    return found[0]


class CheckedPool(urllib3.PoolManager):
    """Follows no redirect, retries nothing, and can cut off every connection that it has."""

    def __init__(
        self, classes: Mapping[str, type[HTTPConnectionPool]], sockets: WeakSet[socket.socket]
    ) -> None:
        super().__init__(num_pools=4, maxsize=PARALLEL_CONNECTIONS, retries=False)
        self.pool_classes_by_scheme = dict(classes)
        self._sockets = sockets

    @contextmanager
    def cut_off_after(self, seconds: float) -> Iterator[None]:
        """Within the block connections live this long and no longer.

        A read's time-out begins anew with every byte, so a store that drips its headers would outlast any.
        """
        timer = threading.Timer(max(0.0, seconds), self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _cut(self) -> None:
        for connected in list(self._sockets):
            with suppress(OSError):
                socket.socket.shutdown(connected, socket.SHUT_RDWR)  # below TLS, whatever its state


def checked_pool(policy: AddressPolicy) -> CheckedPool:
    """A pool whose connections go to allowed addresses only."""
    sockets: WeakSet[socket.socket] = WeakSet()

    def new_socket(connection: HTTPConnection) -> socket.socket:
        try:
            address = allowed_address(connection.host.strip("[]"), connection.port, policy)
        except (socket.gaierror, UnicodeError) as error:
            raise NewConnectionError(connection, f"the name cannot be looked up: {error}") from error
        try:
            return urllib3_connection.create_connection(
                (address, connection.port), connection.timeout, socket_options=connection.socket_options
            )
        except TimeoutError as error:
            raise ConnectTimeoutError(connection, f"{address}:{connection.port} does not answer") from error
        except OSError as error:
            raise NewConnectionError(
                connection, f"{address}:{connection.port}: {error.strerror or error}"
            ) from error

    class CheckedHTTP(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return new_socket(self)

        def connect(self) -> None:
            super().connect()
            sockets.add(self.sock)

    class CheckedHTTPS(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return new_socket(self)

        def connect(self) -> None:
            super().connect()
            sockets.add(self.sock)

    class HTTPPool(HTTPConnectionPool):
        ConnectionCls = CheckedHTTP

    class HTTPSPool(HTTPSConnectionPool):
        ConnectionCls = CheckedHTTPS

    return CheckedPool({"http": HTTPPool, "https": HTTPSPool}, sockets)
