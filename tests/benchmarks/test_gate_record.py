"""The table of the simulated rollouts says of which commit, and on what machine, each part of it is."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.gate_record import write
from benchmarks.runtime_record import COMMIT
from paddle_operator.simulation.table import Cell, row


def test_a_part_is_made_again_with_its_commit_and_the_others_stay(tmp_path: Path) -> None:
    result = tmp_path / "gate.json"
    first, again = (row(Cell("broken", "99", 20, "paddle-sla"), 3, seed) for seed in (1, 2))
    rival = row(Cell("broken", "99", 20, "flagger-10s"), 3, 1)
    healthy = row(Cell("healthy", "99", 20, "paddle-sla"), 3, 1)
    write("broken", [first, rival], 1, result)
    write("healthy", [healthy], 1, result)
    before = json.loads(result.read_text())
    before["made"]["paddle-sla"]["healthy"] = {"commit": "of before"}
    result.write_text(json.dumps(before))
    write("broken", [again], 1, result)
    said = json.loads(result.read_text())
    assert (said["seed"], said["cells"]) == (1, [healthy, again, rival]), "in the order of the tables"
    assert said["made"]["paddle-sla"]["healthy"] == {"commit": "of before"}
    assert said["made"]["flagger-10s"] == before["made"]["flagger-10s"]
    made = said["made"]["paddle-sla"]["broken"]
    assert made["commit"] == COMMIT
    assert made["finished"] >= before["made"]["paddle-sla"]["broken"]["finished"]
    assert made["machine"]["cpus"] >= 1
