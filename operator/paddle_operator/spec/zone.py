"""Time zones by the names of the tz database."""

from __future__ import annotations

import re
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

ZoneName = Annotated[
    str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$")
]
UTC = "UTC"
_NO_ZONE = re.compile("Factory|localtime|posixrules|(posix|right)/.*")
"""Files that some machines have beside the zones: for `plan` they could mean something else than for the
operator."""


def zone_is_known(name: str) -> bool:
    """Tell whether the tz database has a zone of this name."""
    if _NO_ZONE.fullmatch(name):
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: "Europe" is a folder
        return False
    return True
