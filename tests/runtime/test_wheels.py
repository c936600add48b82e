"""The runtime installs on both architectures from the lock alone: nothing is built from source."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LOCK: dict[str, Any] = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))


def packages() -> dict[str, list[dict[str, Any]]]:
    named: dict[str, list[dict[str, Any]]] = {}
    for package in LOCK["package"]:
        named.setdefault(package["name"], []).append(package)
    return named


def runtime_packages() -> dict[str, list[dict[str, Any]]]:
    """Everything that the extra `runtime` brings to Linux, with what it depends on."""
    known, found = packages(), {}
    (own,) = known["paddle-sla"]
    waiting = [*own["dependencies"], *own["optional-dependencies"]["runtime"]]
    while waiting:
        wanted = waiting.pop()
        name = wanted["name"]
        if name in found or re.search(r"win32|Windows|darwin", wanted.get("marker", "")):
            continue
        found[name] = known[name]
        for package in known[name]:
            waiting += package.get("dependencies", [])
            for extra in wanted.get("extra", []):
                waiting += package.get("optional-dependencies", {}).get(extra, [])
    return found


def fits(wheel: str, architecture: str) -> bool:
    """Whether a wheel's name says that Python 3.11 on Debian 12 (glibc 2.36) of an architecture takes it."""
    _, _, *_, python, abi, platforms = wheel.removesuffix(".whl").split("-")
    if not ("py3" in python or "cp311" in python.split(".") or (abi == "abi3" and python.startswith("cp3"))):
        return False
    if platforms == "any":
        return True
    found = re.findall(rf"manylinux(?:_2_(\d+)|2014|2010|1)_{architecture}", platforms)
    return any(not glibc or int(glibc) <= 36 for glibc in found)


@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
def test_every_package_of_the_runtime_has_a_wheel(architecture: str) -> None:
    lacking = [
        name
        for name, versions in runtime_packages().items()
        if not any(
            fits(wheel["url"].rpartition("/")[2], architecture)
            for package in versions
            for wheel in package.get("wheels", [])
        )
    ]
    assert lacking == []


def test_the_packages_that_matter_are_among_them() -> None:
    assert {"paddlepaddle", "onnxruntime", "numpy", "opencv-python-headless"} <= set(runtime_packages())
    assert fits("a-1-cp311-cp311-manylinux_2_28_aarch64.whl", "aarch64")
    assert not fits("a-1-cp311-cp311-manylinux_2_28_x86_64.whl", "aarch64")
    assert not fits("a-1-cp312-cp312-manylinux_2_28_aarch64.whl", "aarch64")
    assert not fits("a-1-cp311-cp311-manylinux_2_39_aarch64.whl", "aarch64")
