"""The examples' models: trained once for each state of what makes them, and copied to each test that asks."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from hack.cluster.layout import cache_root

ROOT = Path(__file__).parents[1]
KEPT = 24
"""So many of the newest models stay, of a few hundred KB each."""


def trained(example: str, into: Path, *, through: str = "") -> Path:
    """Put the example's bundle into a folder of the caller's own; returns it.

    The script checks the accuracy on what it was not trained on. `through` is Python code that runs it, its
    only argument, changed.
    """
    script = ROOT / "examples" / example / "train.py"
    command = ["-c", through, str(script)] if through else [str(script)]
    cache = cache_root() / "trained"
    cache.mkdir(parents=True, exist_ok=True)
    bundle = cache / f"{example}-{recipe(script.parent, through)}"
    with (cache / f"{example}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not bundle.exists():
            forget_old(cache)
            with tempfile.TemporaryDirectory(dir=cache, prefix=".") as scratch:
                made = Path(scratch) / "bundle"
                run = [sys.executable, *command, "--into", str(made)]
                done = subprocess.run(run, capture_output=True, text=True, check=False)
                assert done.returncode == 0, done.stderr[-2000:]
                made.rename(bundle)
        return Path(shutil.copytree(bundle, into))


def recipe(example: Path, through: str) -> str:
    """A hash of all that decides the model: example, Python, packages, and the runtime that bundles it."""
    digest = hashlib.sha256((sys.version + through).encode())
    sources = sorted((ROOT / "runtime").rglob("*.py"))
    files = [file for file in sorted(example.iterdir()) if file.is_file()]
    for file in (*files, ROOT / "uv.lock", *sources):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def forget_old(cache: Path) -> None:
    """Let the oldest go."""
    made = [path for path in cache.glob("[!.]*") if path.is_dir()]
    for old in sorted(made, key=lambda path: path.stat().st_mtime)[: -KEPT + 1]:
        shutil.rmtree(old, ignore_errors=True)
