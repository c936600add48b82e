"""Pages of docs/reference that are made from the code: the settings, and every reason of a condition."""

from __future__ import annotations

from pathlib import Path

from hack.generated import ROOT
from paddle_operator import reasons, settings

FOLDER = ROOT / "docs" / "reference"
MADE = "<!-- Made by `make generate`; do not edit. -->\n"


def files() -> dict[Path, str]:
    """Return each page's text."""
    return {
        FOLDER / "operator-settings.md": (
            f"{MADE}\n# Settings of the operator\n\nRead once, at the start, from the environment.\n\n"
            f"{settings.reference()}"
        ),
        FOLDER / "reasons.md": (
            f"{MADE}\n# Reasons of conditions and Events\n\nA condition's `reason` is part of the API and"
            " never renamed. As the reason of Ready, one that waits for a person also makes the condition"
            " Stalled True; so does the refusal of what only watches a service that is Ready (rules, scrapes,"
            " dashboard, reports). The operator goes on trying all the same.\n\n"
            f"{reasons.reference()}"
        ),
    }
