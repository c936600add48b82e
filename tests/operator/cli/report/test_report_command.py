"""A report in every form, from a file and from a cluster."""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from paddle_operator.cli import kubectl
from paddle_operator.cli.report import command
from paddle_operator.cli.report.read import ReportUnreadable
from paddle_operator.cli.report.words import LANGUAGES, WORDS
from paddle_operator.documents import render
from paddle_operator.sla.report.size import document
from paddle_operator.spec.sla_report import PromiseChange
from tests.operator.cli.report.a_day import a_day

GOLDEN = Path(__file__).resolve().parents[3] / "golden" / "report"
VOID = {"meta", "input", "rect", "line", "path", "polyline"}


class Checked(HTMLParser):
    """Reads a page and remembers what is in it; tags that are not closed in order fail."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.languages = dict.fromkeys(LANGUAGES, 0)
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs
        if tag == "span" and "lang" in dict(attrs):
            self.languages[str(dict(attrs)["lang"])] += 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """The report of a day as `kubectl get msr NAME -o yaml` writes it."""
    file = tmp_path / "report.yaml"
    body = {
        "apiVersion": "serving.paddle-sla.io/v1alpha1",
        "kind": "ModelSLAReport",
        "status": document(a_day()),
    }
    file.write_text(render(body), encoding="utf-8")
    return file


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert kubectl.main(["report", *arguments]) == kubectl.GOOD
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "6 of 917 bad in 6 stretches, 2.1 % of the budget"), ("zh", "917 个请求中 6 个不合格")],
)
def test_the_page_tells_what_too_few_requests_spent(
    language: str, said: str, saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(capsys, "--file", str(saved), "-o", "html", "--language", language)
    assert said in text


@pytest.mark.parametrize(("form", "name"), [("table", "day.txt"), ("csv", "day.csv"), ("json", "day.json")])
def test_a_report_is_shown_as(form: str, name: str, saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "--file", str(saved), "-o", form, "--time-zone", "Asia/Shanghai")
    assert text.replace("\r\n", "\n") == (GOLDEN / name).read_text(encoding="utf-8")


def test_what_json_shows_can_be_shown_again(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = tmp_path / "again.json"
    again.write_text(shown(capsys, "--file", str(saved), "-o", "json"), encoding="utf-8")
    assert shown(capsys, "--file", str(again)) == shown(capsys, "--file", str(saved))


def test_the_sheet_has_the_numbers(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(shown(capsys, "--file", str(saved), "-o", "csv"))))
    for name in {row["objective"] for row in rows}:
        whole, *parts = [row for row in rows if row["objective"] == name]
        assert whole["revision"] == "*"
        for number in ("good", "bad", "total"):
            assert int(whole[number]) == sum(int(row[number]) for row in parts)


def test_the_page_is_whole_and_needs_nothing_from_elsewhere(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(capsys, "--file", str(saved), "-o", "html")
    page = Checked(text)
    assert page.languages["en"] == page.languages["zh"] > 50
    assert not [value for name, value in page.attributes if name in {"src", "href", "srcset", "action"}]
    assert "@import" not in text
    assert re.findall(r"url\(([^)]*)\)", text) == ["#hatch"]
    assert "<script" not in text
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(set(ids)) == len(ids)
    assert {str(value) for name, value in page.attributes if name == "aria-labelledby"} <= set(map(str, ids))
    assert len(text.encode()) < 300 * 1024


def test_the_page_begins_in_the_language_that_was_chosen(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(capsys, "--file", str(saved), "-o", "html", "--language", "zh")
    assert '<html lang="zh">' in text
    assert 'id="zh" checked' in text
    assert 'id="en" checked' not in text


def test_every_text_is_there_in_both_languages_with_the_same_values() -> None:
    for key, (english, chinese) in WORDS.items():
        assert english, key
        assert chinese, key
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", chinese)), key


def test_the_promise_is_told_in_both_languages_in_the_operators_words(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(capsys, "--file", str(saved), "-o", "html")
    for one in a_day().objectives:
        assert f'<h2>{one.name}: <span lang="en">{one.promise}</span><span lang="zh">' in text
    assert "95 % 的请求在 200 毫秒内完成" in text
    without = a_day().model_copy(update={"sla": None})
    chosen = argparse.Namespace(output="html", time_zone="UTC", language="en")
    assert "<h2>latency: 95 % within 200 ms</h2>" in command._shown(without, chosen)


def test_the_page_says_at_its_top_how_much_is_unknown(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = shown(capsys, "--file", str(saved), "-o", "html").partition("</header>")[0]
    assert "Of 16 min 37 s of it (1.2 %) nobody can tell what happened." in head


@pytest.mark.parametrize("form", ["table", "csv", "html", "json"])
def test_a_promise_that_was_changed_is_told_in_every_form(form: str) -> None:
    change = PromiseChange(at="2026-06-02T10:00:00Z", before="99.9 % of requests answered")
    changed = a_day().model_copy(
        update={"promise_changes": (change,), "promise_known_from": "2026-06-01T13:00:00Z"}
    )
    chosen = argparse.Namespace(output=form, time_zone="UTC", language="en")
    text = command._shown(changed, chosen).partition("</header>")[0]
    assert re.search(r"2026-06-02[T ]10:00", text)
    assert re.search(r"2026-06-01[T ]13:00", text)
    assert (change.before in text) is (form != "csv")


def test_a_name_is_shown_as_text_and_not_as_a_tag() -> None:
    hostile = a_day().model_copy(
        update={"summary": "x", "made_by": "<script>alert(1)</script>", "promise": '"><b>x'}
    )
    chosen = argparse.Namespace(output="html", time_zone="UTC", language="en")
    text = command._shown(hostile, chosen)
    assert "<script" not in text
    Checked(text)


def test_names_and_digests_stay_inside_their_attributes() -> None:
    breaking = '"><img src=x onerror=alert(1)>'
    report = a_day()
    objective = report.objectives[0].model_copy(update={"name": breaking})
    revision = report.revisions[0].model_copy(update={"model_digest": breaking})
    hostile = report.model_copy(update={"objectives": (objective,), "revisions": (revision,)})
    chosen = argparse.Namespace(output="html", time_zone="UTC", language="en")
    text = command._shown(hostile, chosen)
    assert "<img" not in text
    page = Checked(text)
    assert not [value for name, value in page.attributes if name in {"src", "onerror"}]
    assert ("aria-labelledby", f"attained-{breaking}") in page.attributes
    assert ("id", f"attained-{breaking}") in page.attributes
    assert ("title", breaking) in page.attributes


def test_a_digest_that_is_none_is_refused_in_a_file(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = saved.read_text(encoding="utf-8")
    saved.write_text(re.sub(r"modelDigest: sha256:\w+", "modelDigest: '\"><b>'", text), encoding="utf-8")
    assert kubectl.main(["report", "--file", str(saved)]) == kubectl.USAGE
    assert "modelDigest" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a: [", "not YAML"),
        ("[]", "must hold one report"),
        ("{kind: ModelSLAReport}", "is not made yet: nobody has made it"),
        ("{kind: ModelSLAReport, status: {mood: good}}", "is no report that this version can read: mood"),
    ],
)
def test_a_file_that_is_no_report_is_refused_with_the_reason(
    content: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(content)
    assert kubectl.main(["report", "--file", str(file)]) == kubectl.USAGE
    assert said in capsys.readouterr().err


def test_a_report_that_is_not_made_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    condition = {
        "type": "Complete",
        "status": "False",
        "reason": "PeriodNotOver",
        "message": "the period ends later",
        "lastTransitionTime": "2026-11-01T00:00:00Z",
    }
    file = tmp_path / "x.json"
    file.write_text(json.dumps({"kind": "ModelSLAReport", "status": {"conditions": [condition]}}))
    assert kubectl.main(["report", "--file", str(file)]) == kubectl.USAGE
    assert "PeriodNotOver: the period ends later" in capsys.readouterr().err


def chosen(**arguments: Any) -> argparse.Namespace:
    return argparse.Namespace(**{"start": "", "end": "", "last": None, "time_zone": "UTC", **arguments})


NOW = datetime(2026, 12, 3, 10, 30, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("arguments", "period"),
    [
        ({}, {"type": "Window"}),
        ({"last": "month", "time_zone": "Asia/Shanghai"}, {"type": "LastMonth", "timeZone": "Asia/Shanghai"}),
        (
            {"start": "2026-11-01", "end": "2026-12-01", "time_zone": "Asia/Shanghai"},
            {"type": "Between", "start": "2026-10-31T16:00:00Z", "end": "2026-11-30T16:00:00Z"},
        ),
        (
            {"start": "2026-12-03T08:00+01:00"},
            {"type": "Between", "start": "2026-12-03T07:00:00Z", "end": "2026-12-03T10:29:00Z"},
        ),
    ],
)
def test_a_period_is_asked_for_in_the_words_of_people(
    arguments: dict[str, str], period: dict[str, str]
) -> None:
    assert command.period_of(chosen(**arguments), NOW) == period


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"end": "2026-12-01"}, "--to needs --from"),
        ({"start": "last tuesday"}, "'last tuesday' is no moment"),
        ({"last": "day", "time_zone": "Mars/Olympus"}, "--time-zone 'Mars/Olympus' is not known"),
    ],
)
def test_a_period_that_cannot_be_read_is_refused(arguments: dict[str, str], said: str) -> None:
    with pytest.raises(ReportUnreadable, match=said):
        command.period_of(chosen(**arguments), NOW)


def test_whoever_reads_a_report_may_have_enough(saved: Path, unread: int) -> None:
    program = [
        sys.executable,
        "-c",
        "import sys; from paddle_operator.cli.kubectl import main; sys.exit(main())",
    ]
    done = subprocess.run(
        [*program, "report", "--file", str(saved)],
        stdout=unread,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (141, "")
