"""Keys and certificates of one cluster's life: made with openssl at every fresh start, valid for a year.

Elliptic curves, because a dozen RSA keys would take seconds. Nothing here outlives `down`.
"""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from hack.cluster.commands import run
from hack.cluster.constants import API_PORT, Addresses

_DAYS = "365"
_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Leaf:
    """One certificate: the file's name, who it speaks for, and the names it answers to."""

    file: str
    common_name: str
    organization: str = ""
    names: tuple[str, ...] = ()
    authority: str = "ca"


def leaves(addresses: Addresses, node_name: str) -> tuple[Leaf, ...]:
    """Every certificate of the control plane and the node."""
    server_names = (
        *("DNS:kubernetes", "DNS:kubernetes.default", "DNS:kubernetes.default.svc"),
        *("DNS:kubernetes.default.svc.cluster.local", "DNS:localhost"),
        *(f"IP:{address}" for address in ("127.0.0.1", addresses.api_service, addresses.node)),
    )
    return (
        Leaf("apiserver", "kube-apiserver", names=server_names),
        Leaf("apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters"),
        Leaf("front-proxy-client", "front-proxy-client", authority="front-proxy-ca"),
        Leaf("admin", "kubernetes-admin", "system:masters"),
        Leaf("controller-manager", "system:kube-controller-manager"),
        Leaf("scheduler", "system:kube-scheduler"),
        Leaf("kube-proxy", "system:kube-proxy"),
        Leaf("kubelet", f"system:node:{node_name}", "system:nodes"),
        Leaf(
            "kubelet-server",
            f"system:node:{node_name}",
            "system:nodes",
            names=(f"DNS:{node_name}", f"IP:{addresses.node}"),
        ),
    )


def _authority(folder: Path, name: str) -> None:
    files = ("-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt")
    ca = ("-addext", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature")
    run(
        ["openssl", "req", "-x509", *_NEW_KEY, "-days", _DAYS, "-subj", f"/CN=paddle-sla-{name}", *ca, *files]
    )


def _leaf(folder: Path, leaf: Leaf) -> None:
    subject = (f"/O={leaf.organization}" if leaf.organization else "") + f"/CN={leaf.common_name}"
    extensions = [
        "basicConstraints=critical,CA:FALSE",
        "keyUsage=critical,digitalSignature",
        "extendedKeyUsage=serverAuth,clientAuth",
        *([f"subjectAltName={','.join(leaf.names)}"] if leaf.names else []),
    ]
    run(
        [
            *("openssl", "req", "-x509", *_NEW_KEY, "-days", _DAYS, "-subj", subject),
            *("-CA", folder / f"{leaf.authority}.crt", "-CAkey", folder / f"{leaf.authority}.key"),
            *(part for extension in extensions for part in ("-addext", extension)),
            *("-keyout", folder / f"{leaf.file}.key", "-out", folder / f"{leaf.file}.crt"),
        ]
    )


def make_all(folder: Path, addresses: Addresses, node_name: str) -> None:
    """Write every key and certificate into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    for authority in ("ca", "front-proxy-ca"):
        _authority(folder, authority)
    run(["openssl", "genrsa", "-out", folder / "service-account.key", "2048"])
    with ThreadPoolExecutor(4) as workers:
        list(workers.map(lambda leaf: _leaf(folder, leaf), leaves(addresses, node_name)))


def kubeconfig(folder: Path, leaf: str, server_address: str) -> str:
    """A kubeconfig (JSON is YAML) with everything inlined, so that it can be copied anywhere."""

    def inline(file: str) -> str:
        return base64.b64encode((folder / file).read_bytes()).decode()

    server = f"https://{server_address}:{API_PORT}"
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "paddle-sla",
            "clusters": [
                {
                    "name": "paddle-sla",
                    "cluster": {"server": server, "certificate-authority-data": inline("ca.crt")},
                }
            ],
            "users": [
                {
                    "name": leaf,
                    "user": {
                        "client-certificate-data": inline(f"{leaf}.crt"),
                        "client-key-data": inline(f"{leaf}.key"),
                    },
                }
            ],
            "contexts": [{"name": "paddle-sla", "context": {"cluster": "paddle-sla", "user": leaf}}],
        },
        indent=2,
    )
