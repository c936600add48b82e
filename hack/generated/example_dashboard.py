"""The dashboard beside the first example, spread out for people to read and reviews to see its changes."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from hack.generated import ROOT
from paddle_operator.sla.dashboard import service_dashboard
from paddle_operator.spec import parse

EXAMPLE = ROOT / "examples" / "01-ocr"


def files() -> dict[Path, str]:
    """Return the dashboard's text."""
    service = parse(yaml.safe_load((EXAMPLE / "service.yaml").read_text(encoding="utf-8")))
    made = service_dashboard(service.identity.namespace, service.identity.name, service.spec.sla)
    return {EXAMPLE / "dashboard.json": json.dumps(json.loads(made), indent=1, ensure_ascii=False) + "\n"}
