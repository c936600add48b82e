"""The Role in the documentation is what the commands ask of the API server, no less and no more."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from paddle_operator.cli import kubectl
from paddle_operator.cli.rollout import command
from paddle_operator.cluster.kinds import DEPLOYMENT, SERVICE_RESOURCE
from paddle_operator.rollout.request import Verb
from tests.operator.cli.rollout.a_desk import Desk, a_deployment, a_service, answering

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "rollouts-by-hand.md"
GROUPS = {kind.plural: kind.group for kind in (SERVICE_RESOURCE, DEPLOYMENT)}
COMMANDS = (*Verb, "history", "status")


def role() -> dict[str, Any]:
    """The Role of the page."""
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return dict(yaml.safe_load(text))


def documented() -> set[tuple[str, str, str]]:
    """Group, resource and verb of everything that it grants."""
    return {
        (group, resource, verb)
        for rule in role()["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def asked_by(name: str, monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str, str]]:
    """What one command asks for."""
    service = a_service(rejectedRevisions=[{"revision": "calm-0bad"}])
    old = a_deployment("calm-0aaa", "history", "2026-01-01T00:00:00Z")
    desk = Desk(service, old, operator=answering("Accepted", ""))

    async def connected(*_: object) -> tuple[Desk, str]:
        return desk, "prod"

    monkeypatch.setattr(kubectl, "connect_as_person", connected)
    assert kubectl.main([name, "calm"]) == (kubectl.WRONG if name == "status" else kubectl.GOOD)
    return {(GROUPS[plural], plural, verb) for verb, plural in desk.asked}


def test_the_role_is_exactly_what_the_commands_need(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {right for name in COMMANDS for right in asked_by(name, monkeypatch)}
    assert asked == documented()


def test_only_what_lists_revisions_needs_deployments(monkeypatch: pytest.MonkeyPatch) -> None:
    listing = {name for name in COMMANDS if ("apps", "deployments", "list") in asked_by(name, monkeypatch)}
    assert listing == {"rollback", "history"}


def test_the_page_names_every_command_and_the_codes_that_they_end_with() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"kubectl paddle_sla {name} invoice-ocr" in text for name in COMMANDS)
    codes = [int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)]
    ends = {command.ACCEPTED, command.REFUSED, kubectl.USAGE, command.UNANSWERED, kubectl.INTERRUPTED}
    assert codes == sorted(ends)
