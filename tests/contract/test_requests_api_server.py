"""A real API server lets a person with the documented Role ask for something, and changes nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from paddle_operator import names
from paddle_operator.cli.kubectl import USAGE, main
from paddle_operator.rollout.request import Request, Verb, request_from
from tests.contract.api_server import ApiServer, api_server
from tests.contract.test_rights import role
from tests.operator.fake_cluster import resource

pytestmark = pytest.mark.e2e
NAMESPACE = "contract-requests"
PERSON = "person"
CANARY = "calm-0123456789"


@pytest.fixture(scope="module")
def kubectl() -> Iterator[ApiServer]:
    """kubectl in a namespace of its own, with a service that has a canary and a person without any right."""
    with api_server(NAMESPACE) as found:
        found("create", "serviceaccount", PERSON)
        body = resource()
        body["metadata"] = {"name": "calm", "namespace": NAMESPACE}
        created = found("create", "-f", "-", text=json.dumps(body))
        assert created.returncode == 0, created.stderr
        status = json.dumps({"status": {"stable": {"revision": "calm-1aaa"}, "canary": {"revision": CANARY}}})
        found("patch", "pms", "calm", "--subresource=status", "--type=merge", "-p", status)
        yield found


@pytest.fixture
def as_person(kubectl: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kubeconfig of that person."""
    config = yaml.safe_load(Path(kubectl.kubeconfig).read_text(encoding="utf-8"))
    token = kubectl("create", "token", PERSON).stdout.strip()
    for user in config["users"]:
        user["user"] = {"token": token}
    for context in config["contexts"]:
        context["context"]["namespace"] = NAMESPACE
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", str(path))


def service(kubectl: ApiServer) -> dict[str, Any]:
    found = kubectl("get", "pms", "calm", "-o", "json", "--show-managed-fields")
    return dict(json.loads(found.stdout))


@pytest.mark.usefixtures("as_person")
def test_who_has_the_role_asks_and_neither_spec_nor_generation_changes(
    kubectl: ApiServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["promote", "calm", "--no-wait"]) == USAGE
    assert 'cannot get resource "paddlemodelservices"' in capsys.readouterr().err
    granted = {**role(), "metadata": {"name": "by-hand", "namespace": NAMESPACE}}
    kubectl("apply", "-f", "-", text=json.dumps(granted))
    kubectl("create", "rolebinding", PERSON, "--role=by-hand", f"--serviceaccount={NAMESPACE}:{PERSON}")
    before = service(kubectl)
    assert main(["promote", "calm", "--no-wait"]) == 0
    after = service(kubectl)
    request = after["metadata"]["annotations"][names.ANNOTATION_REQUEST]
    assert request_from(request) == Request(Verb.PROMOTE, CANARY)
    assert after["spec"] == before["spec"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    (owned,) = (
        one["fieldsV1"]
        for one in after["metadata"]["managedFields"]
        if one["manager"] == "kubectl-paddle_sla"
    )
    annotation = {".": {}, f"f:{names.ANNOTATION_REQUEST}": {}}
    assert owned == {"f:metadata": {"f:annotations": annotation}}
    assert main(["history", "calm"]) == 0
