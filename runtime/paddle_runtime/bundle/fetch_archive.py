"""A bundle that is one archive: unpacked while it arrives, so that it is never on the disk twice."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from paddle_runtime.bundle.deadline import Deadline
from paddle_runtime.bundle.disk import writing_to
from paddle_runtime.bundle.extract import Archive, Rules, extract, read_archive_manifest
from paddle_runtime.bundle.location import ArchiveFile
from paddle_runtime.bundle.sources import Source
from paddle_runtime.bundle.store import Resolved
from paddle_runtime.bundle.stream import Stream

# report(what, share 0 to 1): called often, so whoever shows it chooses how often it is shown
Report = Callable[[str, float], None]


def fetch_archive(
    source: Source, archive: ArchiveFile, rules: Rules, incoming: Path, *, deadline: Deadline, report: Report
) -> Resolved:
    """Into `incoming`, which begins anew: what an earlier try unpacked is not known to be this archive's."""
    with writing_to(incoming, 0):
        if incoming.exists():
            shutil.rmtree(incoming)

    def arrived(have: int, size: int | None) -> None:
        report(archive.name, have / size if size else 0.0)

    with Stream(source, archive.name, deadline, arrived) as stream:
        return extract(Archive(source.name(archive.name), archive.kind, stream), rules, incoming)


def resolve_archive(source: Source, archive: ArchiveFile, rules: Rules, deadline: Deadline) -> Resolved:
    """model.yaml alone; the rest is not asked for."""
    with Stream(source, archive.name, deadline) as stream:
        return read_archive_manifest(Archive(source.name(archive.name), archive.kind, stream), rules)
