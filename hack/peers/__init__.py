"""Make the environments of the programs that the runtime is compared with: `python -m hack.peers NAME...`.

Each peer has a virtual environment of its own, since they pin packages (an OpenCV with windows, their own
numpy) that must not come near the runtime's. It lies under ~/.cache/paddle-sla/peers/NAME-HASH, HASH being
that of all that it is made from, so a changed pin makes a new one and none is ever half of each.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from hack import models
from hack.venv import CACHE, ROOT, Unprepared, run, uv_place

FOLDER = ROOT / "hack" / "peers"
PEERS = CACHE / "peers"
NAMES = ("paddlex", "rapidocr")
# What the OpenCV with windows is linked against, and Debian's package of each.
LIBRARIES = {"libGL.so.1": "libgl1", "libglib-2.0.so.0": "libglib2.0-0"}


def main(argv: Sequence[str] | None = None) -> int:
    """Make the peers that are named; one line for each says where its interpreter is."""
    parser = argparse.ArgumentParser(
        prog="hack.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="+", choices=NAMES, metavar="NAME", help=f"one of {', '.join(NAMES)}")
    for name in parser.parse_args(argv).names:
        began = time.monotonic()
        try:
            home = make(name)
        except Unprepared as lacking:
            print(f"peers: {lacking}", file=sys.stderr)
            return 1
        except subprocess.CalledProcessError as failed:
            print(f"peers: {' '.join(map(str, failed.cmd))} ended with {failed.returncode}", file=sys.stderr)
            return 1
        print(f"peers: {name} is {python_of(home)} ({time.monotonic() - began:.1f} s)")
    return 0


def make(name: str) -> Path:
    """The peer's home, made when it is not there: `bin/python`, and for paddlex `models/`."""
    home = home_of(name)
    stamp = home / "complete"
    PEERS.mkdir(parents=True, exist_ok=True)
    with (PEERS / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists():
            shutil.rmtree(home, ignore_errors=True)
            ensure_libraries()
            install(name, home)
            if name == "paddlex":
                add_models(home)
            stamp.touch()
    return home


def home_of(name: str) -> Path:
    """Where the peer of today's pins lies, whether made or not."""
    parts = [path.read_bytes() for path in sorted(FOLDER.glob(f"{name}*")) if path.is_file()]
    return PEERS / f"{name}-{hashlib.sha256(b''.join(parts)).hexdigest()[:12]}"


def python_of(home: Path) -> Path:
    """The interpreter of a peer."""
    return home / "bin" / "python"


def versions_of(home: Path, packages: Sequence[str]) -> dict[str, str]:
    """Versions of packages that are installed in a peer, for records."""
    (site,) = (home / "lib").glob("python3.*/site-packages")
    found = importlib.metadata.distributions(path=[str(site)])
    known = {each.metadata["Name"].lower().replace("_", "-"): each.version for each in found}
    return {package: known[package] for package in packages}


def install(name: str, home: Path) -> None:
    """A virtual environment with exactly the pinned packages, each checked against its hash."""
    uv = uv_place() / "bin" / "uv"
    if not uv.exists():
        raise Unprepared(f"{uv} is not there: run 'make venv' first")
    run([uv, "venv", "--quiet", "--python", f"{sys.version_info[0]}.{sys.version_info[1]}", home])
    pins = FOLDER / f"{name}.txt"
    run([uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python_of(home), pins])


def add_models(home: Path) -> None:
    """The built-in bundle's weights in the folders that PaddleX reads: no hub is asked for anything."""
    with tempfile.TemporaryDirectory() as scratch:
        models.main(["--into", scratch])
        bundle = Path(scratch) / models.PPOCR_NAME
        run([python_of(home), FOLDER / "paddlex_models.py", bundle, home / "models"])


def ensure_libraries() -> None:
    """Install what OpenCV's wheel needs of the system, as root, else say so."""
    known = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True, check=False).stdout
    lacking = [package for library, package in LIBRARIES.items() if library not in known]
    if not lacking:
        return
    command = f"apt-get install {' '.join(lacking)}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise Unprepared(f"the peers' OpenCV needs more of the system: run '{command}' as root, then again")
    print(f"peers: installing {', '.join(lacking)}", flush=True)
    run(["apt-get", "update", "-qq"])
    run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *lacking])
