"""What the tests of both programs need."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture
def unread() -> Iterator[int]:
    """A pipe to print to, whose reader has gone."""
    read, write = os.pipe()
    os.close(read)
    yield write
    os.close(write)
