"""The image store outlives a cluster, but not without bound."""

from __future__ import annotations

from pathlib import Path

import pytest

from hack.cluster.node import drop_large_store


@pytest.fixture(name="store")
def a_store_of_a_megabyte(tmp_path: Path) -> Path:
    (tmp_path / "images" / "content").mkdir(parents=True)
    (tmp_path / "images" / "content" / "blob").write_bytes(b"x" * 1_000_000)
    return tmp_path / "images"


def test_a_store_below_the_limit_is_kept(store: Path) -> None:
    assert not drop_large_store(store, 2_000_000)
    assert (store / "content" / "blob").exists()


def test_a_store_above_the_limit_is_removed(store: Path) -> None:
    assert drop_large_store(store, 900_000)
    assert not store.exists()


def test_a_store_that_is_not_there_is_nothing_to_remove(tmp_path: Path) -> None:
    assert not drop_large_store(tmp_path / "images", 0)
