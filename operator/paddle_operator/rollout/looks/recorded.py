"""A look at a canary in one line, from which `paddle-operator replay` makes the verdict again.

    {"t": 1780315200.0, "step_weight": 5, "step": 1, "anew": true, "alone": false, "objectives": {...}, ...}

What is under `look` is for people: nothing is judged by it.
"""

from __future__ import annotations

import json

from paddle_operator.rollout.gate.judge import Look
from paddle_operator.rollout.looks.looked import Looked
from paddle_operator.rollout.verdict import Verdict


def line_of(looked: Looked, look: Look, weight: int, verdict: Verdict, *, anew: bool) -> str:
    """Return what was counted under so many percent of the requests, and what was found. `anew`: nothing that
    was counted before is known any more."""
    said = looked.document()
    found = {
        "finding": verdict.finding.value,
        "thresholds": {"against": verdict.enough_against, "proof": verdict.enough_proof},
    }
    asked_about = {"step_weight": weight, "step": look.step + 1, "anew": anew}
    line = {"t": looked.at.timestamp(), **asked_about, **said, "look": {**found, **said["look"]}}
    return json.dumps(line, ensure_ascii=False, allow_nan=False)
