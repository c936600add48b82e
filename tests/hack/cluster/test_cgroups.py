"""Which folders are hierarchies, and what is made in them, on both kinds of machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from hack.cluster import cgroups
from hack.cluster.errors import ClusterError


@pytest.fixture(name="hybrid")
def a_hybrid_machine(tmp_path: Path) -> Path:
    for controller in ("cpuset", "memory", "unified"):
        (tmp_path / controller).mkdir()
    (tmp_path / "cpu,cpuacct").symlink_to(tmp_path / "memory")
    (tmp_path / "release_agent").touch()
    return tmp_path


@pytest.fixture(name="unified")
def a_unified_machine(tmp_path: Path) -> Path:
    for folder in (tmp_path, tmp_path / "paddle-sla-demo"):
        folder.mkdir(exist_ok=True)
        (folder / "cgroup.controllers").write_text("cpu memory pids\n")
        (folder / "cgroup.subtree_control").touch()
    return tmp_path


def test_a_hybrid_machine_has_one_hierarchy_for_each_folder_that_is_no_link(hybrid: Path) -> None:
    assert [folder.name for folder in cgroups.hierarchies(hybrid)] == ["cpuset", "memory", "unified"]


def test_a_unified_machine_has_one_hierarchy(unified: Path) -> None:
    assert cgroups.hierarchies(unified) == (unified,)


def test_on_a_hybrid_machine_the_cgroup_is_made_everywhere_and_gets_the_parents_cpus(hybrid: Path) -> None:
    ours = hybrid / "cpuset" / "paddle-sla-demo"
    ours.mkdir()
    for folder, cpus in ((hybrid / "cpuset", "0-3\n"), (ours, "\n")):
        (folder / "cpuset.cpus").write_text(cpus)
        (folder / "cpuset.mems").write_text("0\n")
    cgroups.create("demo", hybrid)
    assert (ours / "cpuset.cpus").read_text() == "0-3\n"
    assert (hybrid / "memory" / "paddle-sla-demo").is_dir()
    assert len(cgroups.remaining("demo", hybrid)) == 3


def test_on_a_unified_machine_children_may_use_the_offered_controllers(unified: Path) -> None:
    cgroups.create("demo", unified)
    for folder in (unified, unified / "paddle-sla-demo"):
        assert (
            folder / "cgroup.subtree_control"
        ).read_text() == "+pids"  # the last one written to a plain file


def test_a_machine_that_does_not_delegate_is_refused_with_advice(unified: Path) -> None:
    (unified / "cgroup.subtree_control").unlink()
    (unified / "cgroup.subtree_control").mkdir()
    with pytest.raises(ClusterError, match="does not let its children use cpu"):
        cgroups.create("demo", unified)


def test_cgroups_of_others_are_not_ours(hybrid: Path) -> None:
    (hybrid / "memory" / "kubepods").mkdir()
    (hybrid / "memory" / "paddle-sla-demo").mkdir()
    assert cgroups.remaining(None, hybrid) == [hybrid / "memory" / "paddle-sla-demo"]
    assert cgroups.remaining("e2e", hybrid) == []
