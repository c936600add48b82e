"""Rule files checked by promtool, and evaluated over series that are written out in its notation."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from hack.promtool import program


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    found = program()
    assert found is not None, "promtool is missing: run '.venv/bin/python -m hack.promtool'"
    return subprocess.run([found, *arguments], capture_output=True, text=True, timeout=60, check=False)


def check_rules(rules: Path) -> None:
    """A wrong rule file fails the test with promtool's words."""
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", str(rules))
    assert done.returncode == 0, done.stdout + done.stderr


def expect(
    rules: Path | None, series: Mapping[str, str], query: str, at: str, wanted: Sequence[tuple[str, float]]
) -> None:
    """Evaluate rules each minute over series in promtool's notation; the query then gives these samples."""
    samples = [{"labels": labels, "value": value} for labels, value in wanted]
    one = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": query, "eval_time": at, "exp_samples": samples}],
    }
    _run(rules, one)


def expect_alert(
    rules: Path, series: Mapping[str, str], at: str, labels: Mapping[str, str], annotations: Mapping[str, str]
) -> None:
    """The alert of that name is firing, with exactly these labels and annotations as a person reads them."""
    told = {key: value for key, value in labels.items() if key != "alertname"}
    one = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [
            {
                "eval_time": at,
                "alertname": labels["alertname"],
                "exp_alerts": [{"exp_labels": told, "exp_annotations": dict(annotations)}],
            }
        ],
    }
    _run(rules, one)


def _run(rules: Path | None, one: Mapping[str, object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder) / "scenario.yaml"
        files = [str(rules)] if rules else []
        whole = {"rule_files": files, "evaluation_interval": "1m", "tests": [one]}
        scenario.write_text(yaml.safe_dump(whole), encoding="utf-8")
        done = promtool("test", "rules", str(scenario))
    assert done.returncode == 0, done.stdout + done.stderr
