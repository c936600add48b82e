"""Schemathesis against a running server: requests made from its document, answers held against it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.runtime.serving.testbed import RunningServer

# No schema can say what is a picture, or which tensors a program takes, so that a request is valid by the
# document does not make it good. 503 and 504 are right answers to a deadline of a millisecond. A batch is
# answered though a picture of it is none.
CONFIGURATION = """
color = false

[checks.positive_data_acceptance]
enabled = false

[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 503, 504]

[[operations]]
include-path-regex = ":batch"
checks.negative_data_rejection.enabled = false
"""

FEW = 10


def disagreements(server: RunningServer, folder: Path, *, examples: int, leave_out: str = "") -> str:
    """What schemathesis found, whole, or an empty text."""
    file = folder / "schemathesis.toml"
    file.write_text(CONFIGURATION)
    phases = "coverage,fuzzing" if examples < FEW else "examples,coverage,fuzzing,stateful"
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(file), "run"),
        *(f"http://127.0.0.1:{server.port}/openapi.json", "--max-examples", str(examples)),
        *("--generation-deterministic", "--phases", phases),
    ]
    if leave_out:
        command += ["--exclude-path-regex", leave_out]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    told = done.stdout + done.stderr
    tested = re.search(r"Tested: (\d+)", told)
    assert tested is not None, told
    assert int(tested[1]) >= 10, told
    return "" if done.returncode == 0 else told
