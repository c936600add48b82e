"""`python -m sweep`: a command, a folder of programs, and an exit status that says what came of it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.sweep.fake_api_server import FakeApiServer

ROOT = Path(__file__).resolve().parents[2]
PONDS = Path(__file__).with_name("ponds.py")
STOCK = """#!{python}
import json, os, sys, time, urllib.request, yaml
config = yaml.safe_load(open(os.environ["KUBECONFIG"]))
server, token = config["clusters"][0]["cluster"]["server"], config["users"][0]["user"]["token"]
def ask(path, body=None):
    headers = {{"Authorization": "Bearer " + token, "Content-Type": "application/json"}}
    data = json.dumps(body).encode() if body else None
    return json.load(urllib.request.urlopen(urllib.request.Request(server + path, data, headers)))
namespace = os.environ["NAMESPACE"]
pond = {{"kind": "Pond", "metadata": {{"name": "koi"}}, "spec": {{"fish": 3}}}}
ponds = "/apis/example.com/v1/namespaces/" + namespace + "/ponds"
ask(ponds, pond)
for _ in range(400):
    if "annotations" in ask(ponds + "/koi")["metadata"]:
        sys.exit(0)
    time.sleep(0.1)
sys.exit("the pond is not looked after")
"""


@pytest.fixture
async def server() -> AsyncIterator[FakeApiServer]:
    async with FakeApiServer().serving() as one:
        yield one


@pytest.fixture
def story(tmp_path: Path) -> Path:
    folder = tmp_path / "story"
    folder.mkdir()
    (folder / "README").write_text("not executable, so no step\n")
    step = folder / "1-three-fish"
    step.write_text(STOCK.format(python=sys.executable))
    step.chmod(0o755)
    return folder


async def swept(
    server: FakeApiServer, folder: Path, story: Path, *more: str, careless: str = ""
) -> tuple[int, str]:
    """The exit status, and all that was said."""
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(server.kubeconfig())
    operator = f"{sys.executable} -m kopf run --standalone -n {{namespace}} {PONDS}"
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sweep", "--kubeconfig", str(kubeconfig), "--operator", operator,
        "--story", str(story), "--compare", "v1/configmaps,example.com/v1/ponds",
        "--logs", str(folder / "logs"),
        *more, cwd=ROOT, env={**os.environ, "CARELESS": careless},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await running.communicate()
    return running.returncode or 0, said.decode()


async def test_a_careful_operator_passes(server: FakeApiServer, tmp_path: Path, story: Path) -> None:
    code, said = await swept(
        server, tmp_path, story, "--at-once", "3", "--follow", "v1/configmaps:/data/fish"
    )
    assert code == 0, said
    assert "undisturbed: 2 writes" in said
    assert "kill-after PATCH configmaps/koi #1: the same" in said
    assert "2 writes: 1 configmaps created" in said
    assert list((tmp_path / "logs").glob("*.log"))


async def test_a_story_may_be_about_its_end_alone(server: FakeApiServer, tmp_path: Path, story: Path) -> None:
    end = story / "2-a-carp"
    end.write_text((story / "1-three-fish").read_text().replace("koi", "carp"))
    end.chmod(0o755)
    code, said = await swept(server, tmp_path, story, "--at-once", "2", "--first", "2")
    assert code == 0, said
    assert "2 writes: 2 configmaps created" in said
    assert "kill-after PATCH configmaps/carp #1: the same" in said
    assert "configmaps/koi" not in said


async def test_a_sweep_that_strikes_nothing_says_nothing(
    server: FakeApiServer, tmp_path: Path, story: Path
) -> None:
    step = story / "2-nothing-happens"
    step.write_text("#!/bin/sh\n")
    step.chmod(0o755)
    code, said = await swept(server, tmp_path, story, "--first", "2-nothing")
    assert code == 2, said
    assert "sweep: none of 2 writes is in a step that is struck" in said


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--compare", "v1/configmaps,v1/pools"), "sweep: GET /api/v1/namespaces/sweep-"),
        (("--follow", "example.com/v1/pools:/spec"), "/pools: 404 404 page not found"),
        (
            ("--operator", "no-such-operator"),
            "sweep: --operator: no-such-operator is not found; name a program",
        ),
    ],
)
async def test_what_is_not_there_is_told_and_leaves_nothing_behind(
    server: FakeApiServer, tmp_path: Path, story: Path, more: tuple[str, ...], told: str
) -> None:
    code, said = await swept(server, tmp_path, story, *more)
    assert code == 2, said
    assert told in said
    assert "Traceback" not in said
    assert not [key for key in server.objects if key[1] == "namespaces"], "the run's namespace is deleted"


async def test_a_careless_one_is_told_by_the_exit_status(
    server: FakeApiServer, tmp_path: Path, story: Path
) -> None:
    code, said = await swept(
        server,
        tmp_path,
        story,
        "--at-once",
        "3",
        "--fault",
        "drop-answer",
        "--patience",
        "3",
        careless="creates",
    )
    assert code == 1, said
    assert "drop-answer POST configmaps #1: configmaps created: 2, was to be 1" in said


async def test_a_story_without_steps_is_refused(server: FakeApiServer, tmp_path: Path) -> None:
    empty = tmp_path / "story"
    empty.mkdir()
    code, said = await swept(server, tmp_path, empty)
    assert code == 2
    assert "holds no executable file; make the story's steps executable" in said


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (("--forget", "status/lastSeen"), "no JSON pointer; write /status/lastSeen"),
        (("--fault", "foo"), "write one of kill-after, "),
        (("--patience", "-1"), "no number of seconds above 0"),
        (("--patience", "nan"), "no number of seconds above 0"),
        (("--first", "9-none"), "no step begins with '9-none'; name one of 1"),
    ],
)
async def test_what_would_be_found_wrong_late_is_said_at_once(
    server: FakeApiServer, tmp_path: Path, story: Path, wrong: tuple[str, str], says: str
) -> None:
    code, said = await swept(server, tmp_path, story, *wrong)
    assert code == 2
    assert says in said
    assert "Traceback" not in said
