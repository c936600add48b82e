"""How long `make demo` takes: warm (nothing runs, everything is built), again (it runs), and cold.

python -m benchmarks.demo_time --rounds 3
python -m benchmarks.demo_time --cold          a fresh clone, and every cache empty; takes about half an hour

Cold means: an empty HOME, so no Go modules, no built programs, no packages, no images. Debian packages that
the machine has stay installed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.runtime_record import ROOT, summary, write


def seconds_of(target: str, folder: Path, environment: Mapping[str, str]) -> float:
    """Wall seconds of `make TARGET`; a failing one ends the benchmark with its last lines."""
    began = time.monotonic()
    done = subprocess.run(
        ["make", target], cwd=folder, env=dict(environment), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(
            f"make {target} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-3000:]}"
        )
    return time.monotonic() - began


def warm_round() -> dict[str, float]:
    """From nothing running to the page read, again while it runs, and away."""
    seconds_of("demo-clean", ROOT, os.environ)
    return {
        "warm_seconds": seconds_of("demo", ROOT, os.environ),
        "again_seconds": seconds_of("demo", ROOT, os.environ),
        "clean_seconds": seconds_of("demo-clean", ROOT, os.environ),
    }


def cold() -> dict[str, float]:
    """The demo of a fresh clone with an empty HOME."""
    with tempfile.TemporaryDirectory(prefix="paddle-sla-cold-", ignore_cleanup_errors=True) as folder:
        home, clone = Path(folder) / "home", Path(folder) / "clone"
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        own = ("GOPATH", "GOMODCACHE", "GOCACHE", "PADDLE_SLA_CACHE", "UV_CACHE_DIR", "XDG_CACHE_HOME")
        environment = {k: v for k, v in os.environ.items() if k not in own} | {"HOME": str(home)}
        try:
            return {
                "cold_seconds": seconds_of("demo", clone, environment),
                "clean_seconds": seconds_of("demo-clean", clone, environment),
            }
        finally:
            subprocess.run(["go", "clean", "-modcache"], env=environment, check=False)


def main() -> None:
    """Measure, and write benchmarks/results/."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cold", action="store_true")
    asked = parser.parse_args()
    if asked.cold:
        write("demo_cold", cold())
        return
    rounds = [warm_round() for _ in range(asked.rounds)]
    write("demo_warm", {name: summary([each[name] for each in rounds]) for name in rounds[0]})


if __name__ == "__main__":
    main()
