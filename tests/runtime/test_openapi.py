"""The OpenAPI document: whole, valid, and no more than the task answers; the page that shows it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from paddle_runtime.errors import RequestReason
from paddle_runtime.tasks import TASKS, Task, batch_paths, paths
from paddle_runtime.transport import codes, openapi
from paddle_runtime.transport.openapi_schemas import SCHEMAS
from tests.runtime.serving.schemas import CONFIGURATION, disagreements
from tests.runtime.serving.testbed import RunningServer

MODEL_PATHS = {*paths(), *batch_paths()}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("server")) as running:
        yield running


def described(task: Task) -> dict[str, Any]:
    given = [*openapi.GETS, *MODEL_PATHS]
    return openapi.document(given, task=task, model="m", model_version="1", version="0")


@pytest.mark.parametrize("task", list(Task))
def test_only_what_the_task_answers_is_described(task: Task) -> None:
    have = {path for path, item in described(task)["paths"].items() if "post" in item}
    own = {kind.path for kind in TASKS[task].kinds}
    assert have == {path for path in MODEL_PATHS if path.removesuffix(":batch") in own}


@pytest.mark.parametrize("task", list(Task))
def test_every_code_that_a_model_request_can_get_is_described(task: Task) -> None:
    unseen = {RequestReason.CALLER_LEFT, RequestReason.WRONG_METHOD, RequestReason.NOT_FOUND}
    wanted = {str(code) for reason, code in codes.HTTP_CODES.items() if reason not in unseen}
    for path, item in described(task)["paths"].items():
        if "post" in item:
            assert wanted <= set(item["post"]["responses"]), path


@pytest.mark.parametrize("task", list(Task))
def test_every_reference_leads_somewhere(task: Task) -> None:
    names = re.findall(r"#/components/schemas/(\w+)", str(described(task)) + str(SCHEMAS))
    assert set(names) <= set(SCHEMAS)


@pytest.mark.parametrize("task", list(Task))
def test_every_route_is_described_or_for_people_or_another_tasks(task: Task) -> None:
    texts = "".join(file.read_text() for file in Path(openapi.__file__).parent.glob("http_*.py"))
    routes = {*re.findall(r'(?:Route|_file)\(\s*f?"(/[^"{]*(?:\{\w+\}[^"{]*)*)"', texts), *MODEL_PATHS}
    document = openapi.document(routes, task=task, model="m", model_version="1", version="0")
    others = {path for path in MODEL_PATHS if path not in described(task)["paths"]}
    assert {path for path in routes - others if not openapi.for_people(path)} == set(document["paths"])


@pytest.mark.parametrize(
    "path", ["/", "/page/page.css", "/docs", "/openapi.json", "/health", "/v2", "/nothing"]
)
def test_every_answer_carries_its_requests_id(server: RunningServer, path: str) -> None:
    answer = server.client.get(path, headers={"X-Request-Id": "mine"})
    assert answer.headers["x-request-id"] == "mine"
    if tag := answer.headers.get("etag"):
        again = server.client.get(path, headers={"X-Request-Id": "mine", "If-None-Match": tag})
        assert (again.status_code, again.headers["x-request-id"]) == (304, "mine")


@pytest.mark.parametrize("path", ["/health", "/v2/health/live", "/v2/health/ready"])
def test_a_probe_says_when_it_answers_503(path: str) -> None:
    assert "503" in described(Task.OCR)["paths"][path]["get"]["responses"]


def test_the_page_shows_every_path_and_needs_nothing_from_elsewhere(server: RunningServer) -> None:
    document, page = server.get("/openapi.json").json(), server.get("/docs")
    for path in document["paths"]:
        assert path in page.text
    assert page.headers["content-type"].startswith("text/html")
    assert not re.search(r"https?://|<script|url\(", page.text)
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_the_exceptions_from_the_checks_are_read() -> None:
    assert tomllib.loads(CONFIGURATION)["checks"]["not_a_server_error"]


def test_the_server_does_what_its_document_says(server: RunningServer, tmp_path: Path) -> None:
    """A few examples of each operation; tests/long has many."""
    # the fake model answers tensors with pictures' answers
    if told := disagreements(server, tmp_path, examples=3, leave_out="infer"):
        pytest.fail(told)
