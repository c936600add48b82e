"""A person asks something of a rollout: what is written, what is waited for, what the exit code says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from inspect import signature
from typing import Any

import pytest

from paddle_operator import names
from paddle_operator.cli import kubectl
from paddle_operator.cli.rollout import command
from paddle_operator.cli.rollout.command import ACCEPTED, REFUSED, UNANSWERED
from paddle_operator.cluster.api import Api, NotFound
from paddle_operator.errors import ClusterRefused
from paddle_operator.plan import KubeObject
from paddle_operator.reasons import Reason
from paddle_operator.rollout.request import Request, Verb, request_from
from tests.operator.cli.rollout.a_desk import Desk, a_deployment, a_service, answering

OLD = a_deployment("calm-0aaa", "history", "2026-01-01T00:00:00Z")
FORM = re.compile(r"([a-z]+)/([-a-z0-9]+)/[0-9a-f]{8}")
Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """The program, with a desk in the place of a cluster."""
    monkeypatch.setattr(command, "POLL_SECONDS", 0.01)

    def run_(desk: Desk, *words: str) -> int:
        async def connected(context: str, _: float) -> tuple[Desk, str]:
            return desk, "prod"

        monkeypatch.setattr(kubectl, "connect_as_person", connected)
        code = kubectl.main(words)
        assert desk.closed
        return code

    return run_


def rejecting() -> KubeObject:
    return a_service(canary=None, rejectedRevisions=[{"revision": "calm-0bad", "reason": "Broken"}])


@pytest.mark.parametrize(
    ("verb", "service", "revision"),
    [
        (Verb.PROMOTE, a_service, "calm-2bbb"),
        (Verb.ABORT, a_service, "calm-2bbb"),
        (Verb.APPROVE, a_service, "calm-2bbb"),
        (Verb.RETRY, rejecting, "calm-0bad"),
        (Verb.ROLLBACK, a_service, "calm-0aaa"),
    ],
)
def test_a_verb_writes_one_annotation_and_is_done_when_the_operator_has_accepted_it(
    verb: Verb,
    service: Callable[[], KubeObject],
    revision: str,
    run: Run,
    capsys: pytest.CaptureFixture[str],
) -> None:
    desk = Desk(service(), OLD, operator=answering("Accepted", "it is done"))
    assert run(desk, verb, "calm") == ACCEPTED
    assert capsys.readouterr().out == f"{verb} {revision}: Accepted: it is done\n"
    ((annotations, manager),) = desk.written
    assert list(annotations) == [names.ANNOTATION_REQUEST]
    assert request_from(annotations[names.ANNOTATION_REQUEST]) == Request(verb, revision)
    assert manager == "kubectl-paddle_sla"


def test_the_same_request_twice_is_two_requests(run: Run) -> None:
    desk = Desk(a_service(), operator=answering("Accepted", ""))
    assert [run(desk, "promote", "calm") for _ in range(2)] == [ACCEPTED, ACCEPTED]
    first, second = (annotations[names.ANNOTATION_REQUEST] for annotations, _ in desk.written)
    assert FORM.fullmatch(first)
    assert first != second


def test_a_refusal_is_told_in_the_operators_words(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    desk = Desk(a_service(), operator=answering("Refused", "the rollout is paused"))
    assert run(desk, "promote", "calm", "-o", "json") == REFUSED
    shown = capsys.readouterr()
    assert shown.err == "promote calm-2bbb: Refused: the rollout is paused\n"
    said = json.loads(shown.out)
    assert FORM.fullmatch(said.pop("request"))
    assert said == {
        "annotation": names.ANNOTATION_REQUEST, "outcome": "Refused", "message": "the rollout is paused"
    }  # fmt: skip


def test_an_answer_to_an_earlier_request_is_none_to_this_one(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier = {"request": "promote/calm-2bbb/00000000", "outcome": "Accepted", "message": "m"}
    desk = Desk(a_service(lastHandledRequest=earlier))
    assert run(desk, "promote", "calm", "--timeout", "0.05") == UNANSWERED
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "has no answer after 0.05 s" in shown.err
    for advice in (
        "kubectl paddle_sla doctor",
        "kubectl paddle_sla status calm -n prod",
        "kubectl annotate pms calm -n prod serving.paddle-sla.io/request-",
    ):
        assert advice in shown.err


def test_a_request_that_another_one_replaces_is_not_waited_for(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    def replace(service: KubeObject, _: str) -> None:
        service["metadata"]["annotations"][names.ANNOTATION_REQUEST] = "abort/calm-2bbb/1"

    assert run(Desk(a_service(), operator=replace), "promote", "calm") == UNANSWERED
    told = capsys.readouterr().err
    assert "abort/calm-2bbb/1 stands in its place" in told
    assert "It may have been done all the same: kubectl paddle_sla status calm -n prod tells" in told

    def take_away(service: KubeObject, _: str) -> None:
        del service["metadata"]["annotations"]

    assert run(Desk(a_service(), operator=take_away), "promote", "calm") == UNANSWERED
    assert "somebody has taken it away" in capsys.readouterr().err


def test_a_lost_connection_does_not_end_the_wait(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    lost = ClusterRefused("PaddleModelService", "calm", Reason.API_UNAVAILABLE, "no route to host")
    losses = [lost, lost]

    def lose(service: KubeObject, request: str) -> None:
        if losses:
            raise losses.pop()
        answering("Accepted", "")(service, request)

    assert run(Desk(a_service(), operator=lose), "abort", "calm") == ACCEPTED
    losses = [lost] * 1000
    assert run(Desk(a_service(), operator=lose), "abort", "calm", "--timeout", "0.05") == UNANSWERED
    assert "no route to host" in capsys.readouterr().err


def test_a_service_that_goes_meanwhile_ends_the_wait(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    def gone(*_: object) -> None:
        raise NotFound("PaddleModelService", "calm", Reason.OBJECT_REFUSED, "not found")

    assert run(Desk(a_service(), operator=gone), "abort", "calm") == kubectl.USAGE
    assert "PaddleModelService calm: not found" in capsys.readouterr().err


def test_without_waiting_it_is_only_written(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    desk = Desk(a_service(), operator=answering("Refused", "never read"))
    assert run(desk, "abort", "calm", "--no-wait") == ACCEPTED
    assert capsys.readouterr().out == "abort calm-2bbb: asked for, and not waited for\n"
    assert desk.asked == [("get", "paddlemodelservices"), ("patch", "paddlemodelservices")]


def test_a_dry_run_prints_the_annotation_and_writes_nothing(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(a_service(), OLD)
    assert run(desk, "rollback", "calm", "0a", "--dry-run") == ACCEPTED
    name, value = capsys.readouterr().out.strip().split(": ")
    assert name == names.ANNOTATION_REQUEST
    assert request_from(value) == Request(Verb.ROLLBACK, "calm-0aaa")
    assert run(desk, "promote", "calm", "--dry-run", "-o", "json") == ACCEPTED
    assert json.loads(capsys.readouterr().out)["outcome"] is None
    assert desk.written == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["promote", "nobody"], "PaddleModelService nobody"),
        (["promote", "calm", "calm-1aaa"], "'calm-1aaa' names none of these revisions:\n  calm-2bbb\n"),
        (
            ["rollback", "calm", "calm-9"],
            "calm has no revision 'calm-9'; name one of these revisions:\n  calm-0aaa",
        ),
        (["retry", "calm"], "no revision of calm is rejected"),
    ],
)
def test_what_cannot_be_asked_for_is_told_and_not_written(
    words: list[str], said: str, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(a_service(), OLD)
    assert run(desk, *words) == kubectl.USAGE
    assert said in capsys.readouterr().err
    assert desk.written == []


def test_history_lists_revisions_for_people_and_for_scripts(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(Desk(a_service(), OLD), "history", "calm") == kubectl.GOOD
    assert "calm-0aaa  history  2026-01-01T00:00:00Z" in capsys.readouterr().out
    assert run(Desk(a_service(), OLD), "history", "calm", "-o", "json") == kubectl.GOOD
    (one,) = json.loads(capsys.readouterr().out)
    assert one == {
        "revision": "calm-0aaa", "role": "history", "created": "2026-01-01T00:00:00Z", "ended": "",
        "digest": "", "image": "runtime:calm-0aaa", "rejected": "", "left": "",
    }  # fmt: skip


def test_nobody_is_asked_anything_and_an_interruption_is_no_success(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", interrupt)
    assert run(Desk(a_service(), operator=answering("Accepted", "")), "abort", "calm") == ACCEPTED
    assert run(Desk(a_service(), operator=interrupt), "abort", "calm") == kubectl.INTERRUPTED


def test_the_desk_is_asked_as_the_api_server_is() -> None:
    assert signature(Desk.annotate) == signature(Api.annotate)
    assert signature(Desk.get) == signature(Api.get)
