"""Log lines for people (text) or for collectors (one JSON object a line), on standard error."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

TEXT_FORMAT = "%(asctime)s %(levelname)-7s %(message)s"


class JsonFormatter(logging.Formatter):
    """One object a line, with the fields that log collectors look for."""

    def format(self, record: logging.LogRecord) -> str:
        """Render one record; a traceback stays inside its object, so that a line is always an event."""
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry.update(getattr(record, "facts", {}))  # what a line tells beside its text, by name
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def configure(log_format: str, level: str = "info") -> None:
    """Send every logger's lines from this level on to standard error, in the form "text" or "json"."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else logging.Formatter(TEXT_FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # These warn of what a caller sent: anybody could fill the log. The caller is told, and it is counted.
    for name in ("uvicorn", "python_multipart"):
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("grpc._cython.cygrpc").addFilter(_no_caller_wrote)


def _no_caller_wrote(record: logging.LogRecord) -> bool:
    """Of what gRPC's Python part tells: not the metadata that it cannot read, with a traceback for each."""
    return not str(record.msg).startswith("Invalid encoding")
