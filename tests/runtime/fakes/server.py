"""A FAKE model behind the real server: `paddle-runtime serve` with fakes/worker.py in the workers' place."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from paddle_runtime import logs, settings
from paddle_runtime.serve import serve_model
from paddle_runtime.server import Model

COMMAND = (sys.executable, "-P", str(Path(__file__).with_name("worker.py")))


def fake_model(task: str) -> Model:
    return Model(
        name="fake",
        task=task,
        digest="sha256:" + "0" * 64,
        engine="Fake",
        metadata={"name": "fake", "versions": ["1"], "platform": "fake", "inputs": [], "outputs": []},
        order={},
        verify_seconds=0.0,
    )


if __name__ == "__main__":
    chosen = settings.read({}, os.environ)
    logs.configure(chosen.log_format, chosen.log_level)
    sys.exit(serve_model(chosen, fake_model(os.environ.get("FAKE_TASK", "OCR")), COMMAND))
