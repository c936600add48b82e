"""The plugin's commands against an API server of a few lines."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from paddle_operator.cli import kubectl

REQUEST = "serving.paddle-sla.io/request"
GROUPS = ["serving.paddle-sla.io/v1alpha1", "gateway.networking.k8s.io/v1", "apps/v1"]


class SmallServer:
    """Answers a few addresses; `service` is the resource that it holds."""

    def __init__(self) -> None:
        self.ready = "True"
        self.stalled = ""
        """Empty: where it is not ready."""
        self.url = ""
        self.may_get = True
        self.rollout = "Steady"
        self.shown = 0
        self.after_two_looks: tuple[str, str] | None = None
        """What of these changes once the service was read twice, and to what."""
        self.patches: list[tuple[str, str, Any]] = []
        """Content type, field manager and body."""
        self.sent: list[tuple[str, str, bytes]] = []
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> SmallServer:
        self._thread.start()
        self._started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        app = web.Application()
        base = "/apis/serving.paddle-sla.io/v1alpha1/namespaces/prod/paddlemodelservices"
        app.router.add_get("/apis", self._groups)
        app.router.add_get(base, self._list)
        app.router.add_get(base + "/calm", self._get)
        app.router.add_patch(base + "/calm", self._patch)
        app.router.add_get("/apis/coordination.k8s.io/v1/leases", self._leases)
        app.router.add_post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", self._may)
        app.router.add_post("/v1/ocr", self._ocr)
        runner = web.AppRunner(app, access_log=None)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self._loop.run_until_complete(site.start())
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        self._started.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    def _service(self) -> dict[str, Any]:
        conditions = [
            {"type": "Ready", "status": self.ready, "reason": "R", "message": "m", "observedGeneration": 1},
            {"type": "Stalled", "status": self.stalled or ("True" if self.ready == "False" else "False"),
             "reason": "R", "observedGeneration": 1},
        ]  # fmt: skip
        request = self.patches[-1][2]["metadata"]["annotations"][REQUEST] if self.patches else ""
        handled = {"request": request, "outcome": "Accepted", "message": "it is promoted"}
        return {"metadata": {"name": "calm", "namespace": "prod", "generation": 1},
                "status": {"observedGeneration": 1, "conditions": conditions, "lastHandledRequest": handled,
                           "stable": {"revision": "calm-1"}, "canary": {"revision": "calm-2"},
                           "rollout": {"state": self.rollout}}}  # fmt: skip

    async def _groups(self, _: web.Request) -> web.Response:
        return web.json_response({"groups": [{"versions": [{"groupVersion": one}]} for one in GROUPS]})

    async def _list(self, _: web.Request) -> web.Response:
        return web.json_response({"items": [self._service()]})

    async def _get(self, _: web.Request) -> web.Response:
        if not self.may_get:
            said = 'forbidden: User "u" cannot get resource "paddlemodelservices"'
            return web.json_response({"message": said}, status=403)
        shown = self._service()
        self.shown += 1
        if self.shown == 2 and self.after_two_looks is not None:
            setattr(self, *self.after_two_looks)
        return web.json_response(shown)

    async def _patch(self, request: web.Request) -> web.Response:
        self.patches.append((request.content_type, request.query["fieldManager"], await request.json()))
        return web.json_response(self._service())

    async def _leases(self, _: web.Request) -> web.Response:
        return web.json_response({"items": [{"metadata": {}, "spec": {"holderIdentity": "operator-0"}}]})

    async def _may(self, request: web.Request) -> web.Response:
        verb = (await request.json())["spec"]["resourceAttributes"]["verb"]
        return web.json_response({"status": {"allowed": verb != "delete"}})

    async def _ocr(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.sent.append((request.headers["Host"], request.headers["Content-Type"], body))
        if not body:
            return web.json_response({"error": "empty body", "reason": "empty"}, status=400)
        return web.json_response({"lines": [{"text": "hello", "score": 0.5}]})


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallServer]:
    """The server, and a kubeconfig that leads to it with namespace prod."""
    with SmallServer() as one:
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "prod"}}],
            "clusters": [{"name": "c", "cluster": {"server": one.url}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
        }  # fmt: skip
        file = tmp_path / "kubeconfig"
        file.write_text(yaml.safe_dump(config))
        monkeypatch.setenv("KUBECONFIG", str(file))
        yield one


def test_get_lists_the_services_of_the_contexts_namespace(
    server: SmallServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl.main(["get"]) == kubectl.GOOD
    assert "calm" in capsys.readouterr().out
    assert kubectl.main(["get", "calm", "-o", "json"]) == kubectl.GOOD
    assert json.loads(capsys.readouterr().out)[0]["metadata"]["name"] == "calm"


@pytest.mark.parametrize("words", [["-n", "prod", "get"], ["get", "-n", "prod"]])
def test_the_namespace_is_taken_before_and_after_the_command(
    words: list[str], server: SmallServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl.main([*words, "calm", "-o", "json"]) == kubectl.GOOD
    assert json.loads(capsys.readouterr().out)[0]["metadata"]["namespace"] == "prod"
    assert kubectl.main(["-n", "elsewhere", "get", "calm"]) == kubectl.USAGE


@pytest.mark.parametrize(("ready", "code"), [("True", kubectl.GOOD), ("False", kubectl.WRONG)])
def test_status_ends_with_what_the_service_is(
    server: SmallServer, capsys: pytest.CaptureFixture[str], ready: str, code: int
) -> None:
    server.ready = ready
    assert kubectl.main(["status", "calm"]) == code
    assert f"Ready            {ready}" in capsys.readouterr().out


def test_status_of_a_ready_service_tells_a_script_that_something_waits_for_a_person(
    server: SmallServer,
) -> None:
    server.stalled = "True"
    assert kubectl.main(["status", "calm"]) == kubectl.WRONG
    assert kubectl.main(["status", "calm", "--watch"]) == kubectl.WRONG


def test_status_with_watch_ends_when_the_service_is_ready(
    server: SmallServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubectl, "WATCH_SECONDS", 0.05)
    server.ready = "Unknown"
    server.after_two_looks = ("ready", "True")
    assert kubectl.main(["status", "calm", "--watch"]) == kubectl.GOOD
    shown = capsys.readouterr().out
    assert shown.index("Unknown") < shown.index("True")
    assert shown.count("Service ") == 2, "a page is shown only when it changed"


def test_status_with_watch_goes_on_while_a_rollout_does(
    server: SmallServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubectl, "WATCH_SECONDS", 0.05)
    server.rollout = "Step"
    server.after_two_looks = ("rollout", "RolledBack")
    assert kubectl.main(["status", "calm", "--watch"]) == kubectl.GOOD
    shown = capsys.readouterr().out
    assert shown.index("Rollout  Step") < shown.index("Rollout  RolledBack")


def test_an_unknown_service_is_named(server: SmallServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert kubectl.main(["status", "nobody"]) == kubectl.USAGE
    assert "PaddleModelService nobody" in capsys.readouterr().err


def test_a_right_that_a_person_lacks_is_named_and_not_looked_for_in_the_operators_role(
    server: SmallServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.may_get = False
    assert kubectl.main(["status", "calm"]) == kubectl.USAGE
    told = capsys.readouterr().err
    assert 'User "u" cannot get resource "paddlemodelservices"' in told
    assert "operator's role" not in told


@pytest.mark.parametrize(
    ("words", "code"), [(["status", "calm", "-w"], kubectl.GOOD), (["doctor"], kubectl.INTERRUPTED)]
)
def test_an_interruption_ends_a_watch_well_and_is_no_success_of_anything_else(
    words: list[str], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(kubectl, "connect_as_person", interrupted)
    assert kubectl.main(words) == code


def test_a_request_is_a_merge_patch_of_one_annotation_and_nothing_else(
    server: SmallServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl.main(["promote", "calm"]) == kubectl.GOOD
    assert capsys.readouterr().out == "promote calm-2: Accepted: it is promoted\n"
    ((content_type, manager, body),) = server.patches
    assert (content_type, manager) == ("application/merge-patch+json", "kubectl-paddle_sla")
    (request,) = body["metadata"]["annotations"].values()
    assert body == {"metadata": {"annotations": {REQUEST: request}}}


def test_infer_sends_a_picture_and_prints_the_lines(
    server: SmallServer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    picture = tmp_path / "page.png"
    picture.write_bytes(b"png")
    code = kubectl.main(["infer", "calm", str(picture), "--url", server.url, "--host", "ocr.example.com"])
    assert code == kubectl.GOOD
    assert capsys.readouterr().out == "0.500  hello\n"
    assert server.sent == [("ocr.example.com", "image/png", b"png")]


def test_infer_quotes_a_refusal_and_names_a_missing_file(
    server: SmallServer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    empty = tmp_path / "page.png"
    empty.write_bytes(b"")
    assert kubectl.main(["infer", "calm", str(empty), "--url", server.url]) == kubectl.USAGE
    assert "answered 400" in capsys.readouterr().err
    assert kubectl.main(["infer", "calm", str(tmp_path / "no.png"), "--url", server.url]) == kubectl.USAGE
    assert "no.png" in capsys.readouterr().err


def test_doctor_says_what_is_wrong_and_what_is_a_choice(
    server: SmallServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl.main(["doctor"]) == kubectl.WRONG
    lines = {line.split("  ")[1].strip() or line: line for line in capsys.readouterr().out.splitlines()}
    shown = "\n".join(lines.values())
    assert "1 replica(s) with a heartbeat: operator-0" in shown
    assert "WRONG  may delete" in shown
    assert "-      Envoy Gateway" in shown


@pytest.mark.parametrize("held", [None, b"garbage: [", b"[]", b"\xff\xfe", b"", b"contexts: 3\n"])
def test_a_kubeconfig_that_cannot_be_used_is_told(
    held: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config"
    if held is not None:
        file.write_bytes(held)
    monkeypatch.setenv("KUBECONFIG", str(file))
    assert kubectl.main(["get"]) == kubectl.USAGE
    told = capsys.readouterr().err
    assert told.startswith(f"kubeconfig {file}: ")
    assert told.endswith("See `kubectl config view`, or name another file with KUBECONFIG\n")
    assert len(told.splitlines()) == 1
