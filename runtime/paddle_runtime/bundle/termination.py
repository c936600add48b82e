"""The termination message: how a container tells the operator why it ended (at most 4096 bytes of JSON)."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

from paddle_runtime.settings import Settings

MAX_BYTES = 4096
KUBELETS_FILE = Path(Settings.termination_log)
log = logging.getLogger(__name__)


def termination_bytes(payload: Mapping[str, JsonValue]) -> bytes:
    """One JSON object that fits; a long `message` is cut in its middle, never the JSON."""
    data = json.dumps(dict(payload), ensure_ascii=False).encode()
    message = payload.get("message")
    keep = MAX_BYTES
    while len(data) > MAX_BYTES and isinstance(message, str) and keep > 16:
        keep //= 2
        cut = message[: keep // 2] + " ... " + message[-(keep // 2) :]
        data = json.dumps({**payload, "message": cut}, ensure_ascii=False).encode()
    return data


def write_termination(path: Path, payload: Mapping[str, JsonValue]) -> None:
    """Overwrite the termination log; a path that cannot be written is no second failure."""
    if path == KUBELETS_FILE and not path.exists():
        return  # nobody wants a new file in /dev of a bare machine
    try:
        path.write_bytes(termination_bytes(payload))
    except OSError as error:
        log.warning("cannot write the termination message to %s: %s", path, error.strerror)
