"""From a kubeconfig to an account: what is understood, and what is refused with a way out."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sweep.access import Access, kubeconfig_for
from sweep.errors import KubeconfigUnusable


def written(folder: Path, user: dict[str, Any], **cluster: Any) -> Path:
    whole = yaml.safe_load(kubeconfig_for("https://10.0.0.1:6443/", "", "default"))
    whole["users"][0]["user"] = user
    whole["clusters"][0]["cluster"] |= cluster
    file = folder / "config"
    file.write_text(yaml.safe_dump(whole))
    return file


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    key, made = tmp_path / "key.pem", tmp_path / "made.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-nodes",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
    ]
    subprocess.run(
        [*command, "-subj", "/CN=a", "-keyout", key, "-out", made], check=True, capture_output=True
    )
    return made, key


def test_a_token_is_sent_and_the_address_has_no_slash_at_its_end(tmp_path: Path) -> None:
    found = Access.of(written(tmp_path, {"token": "secret"}))
    assert found.server == "https://10.0.0.1:6443"
    assert found.headers == {"Authorization": "Bearer secret"}
    assert found.tls is not None
    assert found.tls.verify_mode is ssl.CERT_REQUIRED


def test_a_token_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    user = {"tokenFile": str(tmp_path / "token")}
    assert Access.of(written(tmp_path, user)).headers == {"Authorization": "Bearer secret"}


def test_a_client_certificate_and_an_authority_are_read(
    tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    made, key = certificate
    user = {"client-certificate": made.name, "client-key": str(key)}
    found = Access.of(written(tmp_path, user, **{"certificate-authority": made.name}))
    assert found.tls is not None
    assert len(found.tls.get_ca_certs()) == 1
    assert found.headers == {}


def test_plain_http_needs_no_tls(tmp_path: Path) -> None:
    assert Access.of(written(tmp_path, {}, server="http://127.0.0.1:1")).tls is None


@pytest.mark.parametrize(
    ("user", "cluster", "told"),
    [
        ({"exec": {"command": "login"}}, {}, "the user has exec; give one with a token"),
        ({"client-certificate": "nowhere.pem"}, {}, "client-certificate: .*nowhere.pem"),
        ({"token": "t"}, {"certificate-authority-data": "bm90aGluZw=="}, "config: "),
    ],
)
def test_what_cannot_be_used_is_refused(
    tmp_path: Path, user: dict[str, Any], cluster: dict[str, Any], told: str
) -> None:
    with pytest.raises(KubeconfigUnusable, match=told):
        Access.of(written(tmp_path, user, **cluster))


@pytest.mark.parametrize("text", ["", "a: [", "contexts: []\ncurrent-context: a\n"])
def test_what_is_no_kubeconfig_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "config").write_text(text)
    with pytest.raises(KubeconfigUnusable, match="no current context"):
        Access.of(tmp_path / "config")
