from __future__ import annotations

import pytest

from hack.checks import ROOT
from tests.sharing import LONGEST_FIRST, TOGETHER, rank, share


def test_what_takes_longest_begins_first_and_the_rest_keeps_its_order() -> None:
    first, *_ = LONGEST_FIRST
    nodes = ["tests/a.py::test_b", "tests/a.py::test_a", f"{first}::test_z"]
    assert sorted(nodes, key=rank) == [nodes[2], *nodes[:2]]


def test_a_file_is_handed_out_whole_and_a_node_s_folder_too() -> None:
    assert share("tests/a.py::TestOne::test_a[1::2]") == share("tests/a.py::test_b") == "tests/a.py"
    (folder,) = TOGETHER
    assert share(f"{folder}test_a.py::test_a") == share(f"{folder}test_b.py::test_b") == folder


@pytest.mark.parametrize("named", sorted({*LONGEST_FIRST, *TOGETHER}))
def test_every_name_is_that_of_a_file_or_folder(named: str) -> None:
    assert (ROOT / named).exists()
