"""What a model did since the start, in the form of the protocol's statistics extension. Pure.

Synthetic requests are left out, as in the metrics. Each request counts by itself, also
where a device computed several together: batches have no statistics.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

EXTENSION = "statistics"
PARTS = {"queue": "queue", "decode": "compute_input", "encode": "compute_output"}
REST = "compute_infer"
NANOSECONDS = 1_000_000_000


class Statistics:
    """Counts and nanoseconds by what they were spent on."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._seconds: dict[str, float] = {}
        self._last_at = 0.0

    def good(self, seconds: float, stages: Mapping[str, float], *, at: float) -> None:
        """One request was answered; `at` in seconds since 1970."""
        self._last_at = at
        self._add("success", seconds)
        parts: dict[str, float] = {}
        for stage, spent in stages.items():
            part = PARTS.get(stage, REST)
            parts[part] = parts.get(part, 0.0) + spent
        for part, spent in parts.items():
            self._add(part, spent)

    def failed(self, seconds: float) -> None:
        """One request was not answered, for whatever reason."""
        self._add("fail", seconds)

    def _add(self, part: str, seconds: float) -> None:
        self._counts[part] += 1
        self._seconds[part] = self._seconds.get(part, 0.0) + seconds

    def document(self, name: str, version: str) -> dict[str, object]:
        """GET /v2/models/NAME/stats."""
        parts = ("success", "fail", "queue", "compute_input", REST, "compute_output")
        inference = {
            part: {
                "count": self._counts[part],
                "ns": round(self._seconds.get(part, 0.0) * NANOSECONDS),
            }
            for part in parts
        }
        model = {
            "name": name,
            "version": version,
            "last_inference": round(self._last_at * 1000),
            "inference_count": self._counts["success"],
            "execution_count": self._counts["success"],
            "inference_stats": inference,
            "batch_stats": [],
        }
        return {"model_stats": [model]}
