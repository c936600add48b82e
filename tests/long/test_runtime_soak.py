"""One runtime over many pages of every size: its memory comes to rest, its answers stay right."""

from __future__ import annotations

import random
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hack.demo.page import INVOICE, render
from tests.runtime.serving.testbed import RunningServer

pytestmark = [pytest.mark.long, pytest.mark.timeout(1500)]
SERVE = (sys.executable, "-m", "paddle_runtime.main", "serve")
PAGES = 600
SETTLED_AFTER = 200
ALLOWED_GROWTH = 1.05
RESIDENT = 'paddle_runtime_worker_resident_memory_bytes{worker="0"}'


def test_memory_comes_to_rest_over_pages_of_all_sizes(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(20261122)
    resident: list[float] = []
    with RunningServer(tmp_path, SERVE, model="builtin:ppocr-v4-mobile", workers=1) as server:
        for _ in range(PAGES):
            lines = chance.sample(INVOICE, chance.randint(1, 4))
            page = render(lines, width=chance.randint(620, 1400), size=chance.randint(24, 32))
            answer = server.ocr(page.png)
            assert answer.status_code == 200, answer.text
            assert len(answer.json()["lines"]) >= len(lines)
            resident.append(server.metrics()[RESIDENT])
    early = statistics.median(resident[SETTLED_AFTER : SETTLED_AFTER + 50])
    late = statistics.median(resident[-50:])
    record_property("pages", PAGES)
    record_property("resident_mib_after_200", round(early / 2**20))
    record_property("resident_mib_at_end", round(late / 2**20))
    assert late <= early * ALLOWED_GROWTH
