"""benchmarks/results/test-long.json: what the sweeps and soaks said, of which commit, on which machine."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "test-long.json"


def write(report: Path, result: Path = RESULT) -> None:
    """Turn pytest's own report into the result file; the report is used up."""
    suite = ElementTree.parse(report).getroot()
    said = {
        "commit": commit(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "system": platform.platform(),
            "python": platform.python_version(),
            "cpus": os.cpu_count(),
        },
        "tests": list(tests(suite)),
    }
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    report.unlink()


def tests(suite: ElementTree.Element) -> Iterator[dict[str, str | float]]:
    """Yield name, outcome, seconds and the recorded properties of each test."""
    for case in suite.iter("testcase"):
        bad = [kind for kind in ("failure", "error", "skipped") if case.find(kind) is not None]
        recorded = {item.attrib["name"]: item.attrib["value"] for item in case.iter("property")}
        name = f"{case.attrib['classname']}.{case.attrib['name']}"
        seconds = float(case.attrib["time"])
        yield {"test": name, "outcome": bad[0] if bad else "passed", "seconds": seconds, **recorded}


def commit() -> str:
    """Return the commit under test, marked where the tree differs from it."""
    asked = ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"]
    return (
        subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
        or "unknown"
    )
