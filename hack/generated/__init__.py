"""Files that are made from others: `files()` of each module says which, and what is in them."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
