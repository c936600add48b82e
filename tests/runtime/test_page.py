"""The page's files: whole, in two languages, and from nowhere else. tests/e2e/test_page.py looks at it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources

import pytest
from starlette.requests import Request

from paddle_runtime.transport.http_page import FILES, page_routes
from tests.runtime.serving.testbed import RunningServer

FOLDER = resources.files("paddle_runtime.page")
TEXTS = {name: (FOLDER / name).read_text() for name in ("index.html", *FILES)}
LANGUAGES = re.split(r"^  zh: \{$", TEXTS["words.js"], flags=re.MULTILINE)


def keys(text: str) -> list[str]:
    return re.findall(r"(?:^    |[{,] )(\w+):(?= )", text, flags=re.MULTILINE)


def test_both_languages_say_the_same_things() -> None:
    english, chinese = map(keys, LANGUAGES)
    assert english == chinese
    assert len(chinese) > 30


def test_everything_the_page_asks_for_has_words() -> None:
    known = set(keys(LANGUAGES[1]))
    said = set(re.findall(r'data-say="(\w+)"', TEXTS["index.html"]))
    said |= set(re.findall(r"\bwords\.(?!js)(\w+)", TEXTS["page.js"]))
    assert said <= known, said - known
    assert known - said <= set(keys(LANGUAGES[1].split("stages: {")[1])), "words that nobody says"


@pytest.mark.parametrize("name", TEXTS)
def test_nothing_is_fetched_from_elsewhere(name: str) -> None:
    names = re.findall(r"https?://[^\s\"')]+", TEXTS[name])
    assert set(names) <= {"http://www.w3.org/2000/svg"}  # a name, which nobody fetches
    assert not re.search(r"(?:src|href)=\"(?:/|[a-z]+:)(?!,)", TEXTS[name].replace('href="data:,"', ""))


def test_no_answer_is_taken_for_html() -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", TEXTS["page.js"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.mark.parametrize("path", ["/", *(f"/page/{name}" for name in FILES)])
def test_each_file_has_its_type_a_policy_and_a_tag_that_saves_sending_it_again(
    server: RunningServer, path: str
) -> None:
    first = server.get(path)
    assert first.status_code == 200
    assert first.headers["content-type"] == FILES.get(path.removeprefix("/page/"), "text/html; charset=utf-8")
    assert "default-src 'none'" in first.headers["content-security-policy"]
    again = server.client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_models_name_is_text_on_the_page() -> None:
    route = page_routes(model='<b>"x"</b>', task="OCR")[0]
    page = (await route.endpoint(Request({"type": "http", "headers": []}))).body.decode()
    assert 'data-task="OCR" data-model="&lt;b&gt;&quot;x&quot;&lt;/b&gt;"' in page
    assert "<b>" not in page


@pytest.mark.parametrize(
    "path", ["/page/", "/page/../settings.py", "/page/%2e%2e/settings.py", "/page/index.html"]
)
def test_no_other_file_is_there(server: RunningServer, path: str) -> None:
    assert server.get(path).status_code == 404
