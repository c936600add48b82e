"""From a kubeconfig to requests: the address, the TLS settings and the credentials of one account."""

from __future__ import annotations

import base64
import binascii
import json
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from sweep.errors import ApiRefused, KubeconfigUnusable

LONGEST_LINE_BYTES = 2**23
"""One event of a watch is one line; an object has 3 MiB at most."""


@dataclass(frozen=True)
class Access:
    """One account at one API server."""

    server: str
    tls: ssl.SSLContext | None
    headers: dict[str, str]

    @classmethod
    def of(cls, kubeconfig: Path) -> Access:
        """Read the current context; raises KubeconfigUnusable for one that needs a program or a password."""
        cluster, user = _current(kubeconfig)
        unknown = {"exec", "auth-provider", "username"} & user.keys()
        if unknown:
            wrong = f"{kubeconfig}: the user has {', '.join(sorted(unknown))}"
            raise KubeconfigUnusable(f"{wrong}; give one with a token or a client certificate")
        token = user.get("token") or _text_of(user.get("tokenFile"))
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        server = str(cluster["server"]).rstrip("/")
        tls = _tls(kubeconfig, cluster, user) if server.startswith("https:") else None
        return cls(server, tls, headers)

    def session(self) -> aiohttp.ClientSession:
        """Connections of this account, without a limit on their number or time: watches stay open."""
        connector = aiohttp.TCPConnector(ssl=self.tls if self.tls is not None else True, limit=0)
        return aiohttp.ClientSession(
            connector=connector,
            headers=self.headers,
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            read_bufsize=LONGEST_LINE_BYTES,
        )


async def ask(
    session: aiohttp.ClientSession, access: Access, path: str, method: str = "GET", body: object = None
) -> dict[str, Any]:
    """Ask something of the API server for the sweep itself; raises ApiRefused with its words."""
    plain = {"Accept-Encoding": "identity"}  # long lists come compressed else, which the session leaves be
    try:
        async with session.request(method, access.server + path, json=body, headers=plain) as answer:
            text = await answer.text()
    except aiohttp.ClientError as unheard:
        raise ApiRefused(f"{method} {access.server}{path}: {unheard}; is the API server up?") from unheard
    if answer.status >= 400:
        raise ApiRefused(f"{method} {path}: {answer.status} {_message(text)}")
    said: dict[str, Any] = json.loads(text)
    return said


def kubeconfig_for(server: str, token: str, namespace: str) -> str:
    """The text of a kubeconfig that leads to `server`, for clients that read nothing else."""
    name = "sweep"
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [{"name": name, "cluster": {"server": server}}],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": namespace}}],
        }
    )


def _message(text: str) -> str:
    """What a refusal says: of a group that it does not know the API server speaks plain text."""
    try:
        return str(json.loads(text)["message"])
    except (ValueError, TypeError, KeyError):
        return text.strip()


def _current(kubeconfig: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        found = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
        context = _named(found, "contexts", found["current-context"])["context"]
        cluster = _named(found, "clusters", context["cluster"])["cluster"]
        return cluster, _named(found, "users", context["user"]).get("user") or {}
    except (OSError, yaml.YAMLError, KeyError, TypeError, StopIteration) as wrong:
        raise KubeconfigUnusable(f"{kubeconfig}: no current context is found in it: {wrong!r}") from wrong


def _named(found: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    return next(one for one in found[kind] if one["name"] == name)


def _text_of(file: str | None) -> str:
    return Path(file).read_text(encoding="utf-8").strip() if file else ""


def _tls(kubeconfig: Path, cluster: dict[str, Any], user: dict[str, Any]) -> ssl.SSLContext:
    authority = _bytes_of(kubeconfig, cluster, "certificate-authority")
    try:
        context = ssl.create_default_context(cadata=authority.decode() if authority else None)
        if cluster.get("insecure-skip-tls-verify"):
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        certificate = _bytes_of(kubeconfig, user, "client-certificate")
        key = _bytes_of(kubeconfig, user, "client-key")
        if certificate and key:
            with _file(certificate + b"\n" + key) as both:
                context.load_cert_chain(both)
    except ssl.SSLError as wrong:
        raise KubeconfigUnusable(f"{kubeconfig}: {wrong}") from wrong
    return context


def _bytes_of(kubeconfig: Path, block: dict[str, Any], name: str) -> bytes:
    """What a kubeconfig holds in itself, or names a file for, relative to its own folder."""
    try:
        if block.get(f"{name}-data"):
            return base64.b64decode(block[f"{name}-data"])
        return (kubeconfig.parent / block[name]).read_bytes() if block.get(name) else b""
    except (OSError, binascii.Error) as wrong:
        raise KubeconfigUnusable(f"{kubeconfig}: {name}: {wrong}") from wrong


@contextmanager
def _file(content: bytes) -> Iterator[str]:
    """The content as a file that only we may read: ssl takes no key from memory."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        yield file.name
