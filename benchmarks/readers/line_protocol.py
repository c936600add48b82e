"""What every reader speaks: a line of JSON in, a line of JSON out. Runs under each peer's own interpreter.

In: {"path", "stratum", "mode"}. Out: {"seconds", "pieces": [[text, [[x, y], ...]], ...]}. So all systems are
driven by the same few lines, and what is compared is reading, not web frameworks.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Pieces = Sequence[tuple[str, Sequence[Sequence[float]]]]


def private_output() -> int:
    """A descriptor of our own for answers: what libraries print goes to standard error."""
    own = os.dup(1)
    os.dup2(2, 1)
    return own


def serve_lines(output: int, read: Callable[[Mapping[str, Any]], Pieces]) -> None:
    """Say that it is ready, then answer each line until there are no more."""
    with os.fdopen(output, "w", encoding="utf-8") as answers:
        answers.write(json.dumps({"ready": True}) + "\n")
        answers.flush()
        for line in sys.stdin:
            asked = json.loads(line)
            began = time.perf_counter()
            pieces = [(text, [[float(x), float(y)] for x, y in box]) for text, box in read(asked)]
            seconds = time.perf_counter() - began
            answers.write(json.dumps({"seconds": seconds, "pieces": pieces}, ensure_ascii=False) + "\n")
            answers.flush()
