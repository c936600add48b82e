"""What the demo says to a person: hints that work, and one line when it cannot go on."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from hack.cluster.errors import NotReady
from hack.demo import __main__ as demo
from hack.demo.embedded import EmbeddedSite
from hack.demo.kubectl import Kube, KubectlRefused
from hack.demo.site import ROOT
from tests.hack.programs import FakePrograms


def test_the_curl_that_is_printed_names_the_type_of_the_picture_and_a_file_that_is_there() -> None:
    site = EmbeddedSite(Path("config"), Path("kubectl"), Path("helm"), "http://10.0.0.1", "", "", "")
    (line,) = [line for line in site.hints("demo", "ocr").splitlines() if "curl" in line]
    words = shlex.split(line)
    assert words[words.index("content-type: image/png") - 1] == "-H"
    (sent,) = [word for word in words if word.startswith("@")]
    assert (ROOT / sent.removeprefix("@")).read_bytes().startswith(b"\x89PNG")


def test_a_kubectl_that_does_not_end_is_an_error_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = FakePrograms(tmp_path, monkeypatch)
    programs.install("kubectl", "exec /bin/sleep 30")
    kube = Kube(programs.folder / "kubectl", tmp_path / "config", "demo")
    with pytest.raises(KubectlRefused, match=r"get pods did not end within 0 s"):
        kube.run("get", "pods", timeout=0.1)


def test_a_failure_is_one_line_with_the_next_step(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stuck(_: object) -> int:
        raise NotReady("ocr is not Ready after 300 s")

    monkeypatch.setattr(demo, "COMMANDS", {"up": stuck})
    monkeypatch.setattr(sys, "argv", ["demo", "up"])
    assert demo.main() == 1
    assert capsys.readouterr().err.split("\n")[1:3] == [
        "the demo stopped: ocr is not Ready after 300 s",
        "`make demo` again continues; `make demo-clean` removes everything",
    ]


@pytest.mark.parametrize(
    ("command", "downed", "proven"),
    [("clean", ["demo"], ["demo"]), ("clean-all", ["demo", "e2e", "be2e"], ["demo", None])],
)
def test_the_demos_end_leaves_the_cluster_of_the_tests_alone_unless_all_are_to_end(
    command: str, downed: list[str], proven: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    went: list[str] = []
    asked: list[str | None] = []

    def find(name: str | None) -> list[str]:
        asked.append(name)
        return []

    monkeypatch.setattr(demo.own_cluster, "clean_kind", lambda *_: None)
    monkeypatch.setattr(demo.node, "down", lambda name, _: went.append(name))
    monkeypatch.setattr(demo.leftovers, "find", find)
    assert demo.COMMANDS[command]({}) == 0
    assert (went, asked) == (downed, proven)


def test_what_is_left_of_a_cluster_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo.own_cluster, "clean_kind", lambda *_: None)
    monkeypatch.setattr(demo.node, "down", lambda *_: None)
    monkeypatch.setattr(demo.leftovers, "find", lambda _: ["link psla-demo"])
    assert demo.COMMANDS["clean"]({}) == 1
    told = capsys.readouterr()
    assert "left behind: link psla-demo" in told.out + told.err
