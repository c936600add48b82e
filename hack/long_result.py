"""benchmarks/results/test-long.json: what sweeps and soaks said, each of which commit, on which machine."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from hack.commit import commit

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "test-long.json"


def write(report: Path, result: Path = RESULT) -> None:
    """Turn pytest's own report into the result file; the report is used up.

    The tests take hours, so that a part may be run by itself: each has the commit that it ran on, and what
    was not run now keeps what was said of it before, as long as there is such a test.
    """
    suite = ElementTree.parse(report).getroot()
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    ran = {one["test"]: {**one, "commit": commit(), "finished": finished} for one in tests(suite)}
    kept = {one["test"]: one for one in _before(result) if _is_there(str(one["test"]))}
    machine = {
        "system": platform.platform(),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
    }
    said = {"machine": machine, "tests": [one for _, one in sorted({**kept, **ran}.items())]}
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    report.unlink()


def _before(result: Path) -> list[dict[str, str | float]]:
    if not result.exists():
        return []
    found: list[dict[str, str | float]] = json.loads(result.read_text(encoding="utf-8"))["tests"]
    return found


def _is_there(test: str, root: Path = ROOT) -> bool:
    """Tell whether there is still a test of the name, such as tests.long.test_hpa.test_cpu[1]."""
    module, _, name = test.partition("[")[0].rpartition(".")
    file = root.joinpath(*module.split(".")).with_suffix(".py")
    return file.exists() and f"def {name}(" in file.read_text(encoding="utf-8")


def tests(suite: ElementTree.Element) -> Iterator[dict[str, str | float]]:
    """Yield name, outcome, seconds and the recorded properties of each test."""
    for case in suite.iter("testcase"):
        bad = [kind for kind in ("failure", "error", "skipped") if case.find(kind) is not None]
        recorded = {item.attrib["name"]: item.attrib["value"] for item in case.iter("property")}
        name = f"{case.attrib['classname']}.{case.attrib['name']}"
        seconds = float(case.attrib["time"])
        yield {"test": name, "outcome": bad[0] if bad else "passed", "seconds": seconds, **recorded}
