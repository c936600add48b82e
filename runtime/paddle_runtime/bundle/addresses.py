"""Which network addresses a fetch may connect to, and a connection pool that asks on every connection.

A URI is written by a tenant and fetched inside the cluster, so it must not reach what only the cluster
can: the node, the metadata service, private services. The address is checked after the name was looked up
and that very address is connected to, so a name that changes its answer gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util import connection as urllib3_connection

from paddle_runtime.errors import BundleFault, BundleReason

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Metadata services outside of link-local: Azure's wire server, Alibaba's, Oracle's, Amazon's over IPv6.
METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254")
)
THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
SHARED = ipaddress.ip_network("100.64.0.0/10")
NAT64 = ipaddress.ip_network("64:ff9b::/96")


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
        if (address.is_private or address in SHARED) and not self.private:
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


def checked_pool(policy: AddressPolicy) -> urllib3.PoolManager:
    """A pool whose connections go to allowed addresses only; it follows no redirect and retries nothing."""

    def new_socket(connection: HTTPConnection) -> socket.socket:
        try:
            address = allowed_address(connection.host.strip("[]"), connection.port, policy)
        except socket.gaierror as error:
            raise NameResolutionError(connection.host, connection, error) from error
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

    class CheckedHTTPS(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return new_socket(self)

    class HTTPPool(HTTPConnectionPool):
        ConnectionCls = CheckedHTTP

    class HTTPSPool(HTTPSConnectionPool):
        ConnectionCls = CheckedHTTPS

    manager = urllib3.PoolManager(num_pools=4, maxsize=2, retries=False)
    manager.pool_classes_by_scheme = {"http": HTTPPool, "https": HTTPSPool}
    return manager
