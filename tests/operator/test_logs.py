"""The form of a log line."""

from __future__ import annotations

import json
import logging
import sys

from paddle_operator.logs import JsonLines


def test_a_json_line_carries_level_message_and_the_traceback() -> None:
    try:
        raise ValueError("乱")
    except ValueError:
        record = logging.LogRecord("a.b", logging.ERROR, "f.py", 1, "no %s", ("luck",), sys.exc_info())
    line = json.loads(JsonLines().format(record))
    assert (line["level"], line["logger"], line["message"]) == ("error", "a.b", "no luck")
    assert "ValueError: 乱" in line["exception"]
    assert line["time"].endswith("+00:00")
