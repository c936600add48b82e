"""Gather the fragments of news/ under a release's heading in CHANGELOG.md, and remove them."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("added", "changed", "fixed", "removed", "security")
MARK = "<!-- releases -->\n"
FRAGMENT = re.compile(rf"[a-z0-9]+(-[a-z0-9]+)*\.({'|'.join(KINDS)})\.md")


class BadFragment(Exception):
    """A file in news/ is not a fragment."""


def fragments(folder: Path) -> list[tuple[str, str]]:
    """Return (kind, text) of each fragment in order; raises BadFragment naming the file and the rule."""
    found = []
    for path in sorted(folder.iterdir()):
        if path.name == "README.md":
            continue
        if FRAGMENT.fullmatch(path.name) is None:
            raise BadFragment(f"{path.name}: name it TOPIC.KIND.md, KIND one of {', '.join(KINDS)}")
        text = " ".join(path.read_text(encoding="utf-8").split())
        if not text:
            raise BadFragment(f"{path.name} is empty: say what changes for a user")
        found.append((path.name.split(".")[1], text))
    return found


def section(version: str, day: str, found: Iterable[tuple[str, str]]) -> str:
    """Return the release's part of the changelog."""
    gathered = list(found)
    lines = [f"## {version} ({day})", ""]
    for kind in KINDS:
        if texts := [text for its_kind, text in gathered if its_kind == kind]:
            lines += [f"### {kind.capitalize()}", *(f"- {text}" for text in texts), ""]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the section of one release."""
    parser = argparse.ArgumentParser(prog="changelog.py", description=__doc__)
    parser.add_argument("version", help="the release, for instance 0.2.0")
    version = parser.parse_args(argv).version
    changelog, folder = ROOT / "CHANGELOG.md", ROOT / "news"
    try:
        found = fragments(folder)
    except BadFragment as bad:
        print(f"changelog: {bad}", file=sys.stderr)
        return 1
    head, _, rest = changelog.read_text(encoding="utf-8").partition(MARK)
    today = datetime.now(UTC).date().isoformat()
    changelog.write_text(f"{head}{MARK}\n{section(version, today, found)}{rest}", encoding="utf-8")
    for path in folder.iterdir():
        if path.name != "README.md":
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
