"""Four kinds of answer, from a real HTTP server that behaves well, badly, or not at all."""

from __future__ import annotations

import asyncio
import math
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from paddle_operator.metrics import prometheus, session
from paddle_operator.metrics.prometheus import Prometheus
from paddle_operator.settings import Settings
from paddle_operator.sla.answer import Answer as Said
from paddle_operator.sla.answer import Failed, NoData, Value
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.series import Sample, Series
from tests.operator.metrics.scripted_server import Answer, Server, error, matrix, serving, vector

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = Interval(NOON, NOON + timedelta(minutes=1))
LABELS = {"__name__": "requests_total", "pod": "a"}
SERIES = frozenset(LABELS.items())
PATIENT_S = 10.0  # for answers that come: a busy machine may take its time


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def stamp(seconds: float) -> float:
    return at(seconds).timestamp()


@asynccontextmanager
async def asking(
    server: Server, *, timeout: float = PATIENT_S, token_file: Path | None = None, ca_file: Path | None = None
) -> AsyncIterator[Prometheus]:
    asked = Prometheus(
        server.url + "/", timeout, token_file=str(token_file or ""), ca_file=str(ca_file or "")
    )
    try:
        yield asked
    finally:
        asked.close()


async def ask(
    *answers: Answer, observed: Interval = MINUTE, timeout: float = PATIENT_S
) -> Said[tuple[Series, ...]]:
    with serving(*answers) as server:
        async with asking(server, timeout=timeout) as metrics:
            return await metrics.series("requests_total", observed)


def why(answer: Said[tuple[Series, ...]]) -> str:
    assert isinstance(answer, Failed), answer
    return answer.why


async def test_raw_samples_come_as_they_were_scraped_with_their_milliseconds() -> None:
    answer = await ask(matrix((LABELS, [(stamp(1.234), "3"), (stamp(16.234), "7")])))
    assert answer == Value((Series(SERIES, (Sample(at(1.234), 3.0), Sample(at(16.234), 7.0))),))


async def test_a_sample_at_the_end_of_what_is_observed_is_left_to_what_follows() -> None:
    answer = await ask(matrix((LABELS, [(stamp(0), "1"), (stamp(60), "2")])))
    assert answer == Value((Series(SERIES, (Sample(at(0), 1.0),)),))


async def test_the_question_names_the_moment_the_length_and_a_limit() -> None:
    with serving(matrix((LABELS, [(stamp(1), "1")]))) as server:
        async with asking(server) as metrics:
            await metrics.series('requests_total{pod="a"}', MINUTE)
    assert server.asked == [
        {
            "path": "/api/v1/query",
            "query": 'requests_total{pod="a"}[60001ms]',
            "time": f"{stamp(60):.3f}",
            "timeout": f"{PATIENT_S:g}s",
            "authorization": "",
        }
    ]


async def test_a_long_observation_is_asked_for_in_parts_that_are_put_together() -> None:
    parts = [matrix((LABELS, [(stamp(hour * 3600 + 5), str(hour))])) for hour in range(3)]
    with serving(*parts) as server:
        async with asking(server) as metrics:
            answer = await metrics.series("requests_total", Interval(NOON, at(2.5 * 3600)))
    assert [one["time"] for one in server.asked] == [f"{stamp(s):.3f}" for s in (3600, 7200, 9000)]
    assert isinstance(answer, Value)
    (series,) = answer.value
    assert [sample.value for sample in series.samples] == [0, 1, 2]


async def test_an_answer_that_would_be_too_large_is_asked_for_in_shorter_parts() -> None:
    refusal = error(422, "execution", "query processing would load too many samples into memory")
    halves = [matrix((LABELS, [(stamp(5), "1")])), matrix((LABELS, [(stamp(65), "2")]))]
    with serving(refusal, *halves) as server:
        async with asking(server) as metrics:
            answer = await metrics.series("requests_total", Interval(NOON, at(120)))
    assert [one["query"] for one in server.asked] == [
        "requests_total[120001ms]", "requests_total[60001ms]", "requests_total[60001ms]",
    ]  # fmt: skip
    assert isinstance(answer, Value)
    assert [sample.value for sample in answer.value[0].samples] == [1, 2]


async def test_more_bytes_than_memory_is_meant_for_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "LARGEST_ANSWER_BYTES", 1000)
    answer = await ask(matrix((LABELS, [(stamp(second / 10), "1") for second in range(500)])))
    assert "more than 1000 bytes" in why(answer)


async def test_an_empty_answer_is_no_data_and_no_zero() -> None:
    assert isinstance(await ask(matrix()), NoData)
    assert isinstance(await ask(matrix((LABELS, []))), NoData)


async def test_a_value_that_is_no_number_stays_in_raw_samples_for_who_counts_them() -> None:
    answer = await ask(matrix((LABELS, [(stamp(1), "NaN")])))
    assert isinstance(answer, Value)
    assert math.isnan(answer.value[0].samples[0].value)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(b"<html>Sign in</html>", content_type="text/html"), "something else than Prometheus' JSON"),
        (Answer(b"{}"), "something else than Prometheus' JSON"),
        (Answer(b'{"data": {"result": [[1, "2"]]}}'), "something else"),
        (Answer(b'{"data": {"result": [{"metric": {}, "values": [["x", "1"]]}]}}'), "something else"),
        (Answer(b'{"data": {"result": [{"metric": {}, "values": [[1e30, "1"]]}]}}'), "something else"),
        (error(400, "bad_data", "parse error"), "HTTP 400: parse error"),
        (error(503, "unavailable", "replaying the log"), "HTTP 503: replaying the log"),
        (Answer(b"gone", 404, "text/plain"), "HTTP 404: gone"),
        (Answer(b"", 401), "HTTP 401"),
        (Answer(b"", 302, headers={"Location": "https://login.example.com/"}), "sends us to https://login"),
    ],
    ids=["html", "no data", "scalar", "no time", "far future", "400", "503", "404", "401", "redirect"],
)
async def test_everything_else_is_a_failure_that_says_what_came(answer: Answer, said: str) -> None:
    assert said in why(await ask(answer))


async def test_a_redirect_is_not_followed_so_the_token_goes_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    with serving(matrix()) as other, serving(Answer(b"", 307, headers={"Location": other.url})) as server:
        async with asking(server, token_file=tmp_path / "token") as metrics:
            assert isinstance(await metrics.series("up", MINUTE), Failed)
    assert server.asked[0]["authorization"] == "Bearer secret"
    assert other.asked == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of a server on 127.0.0.1, which vouches for itself."""
    folder = tmp_path_factory.mktemp("certificate")
    command = ["openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=prometheus"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", "key", "-out", "crt"]
    subprocess.run(
        [*command, *key, "-addext", "subjectAltName=IP:127.0.0.1"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    both = folder / "both.pem"
    both.write_text((folder / "key").read_text() + (folder / "crt").read_text())
    return both


@pytest.mark.parametrize("ca", ["its own", "none", "missing", "nonsense"])
async def test_a_private_authority_is_trusted_where_its_file_is_given_and_only_there(
    ca: str, certificate: Path, tmp_path: Path
) -> None:
    (tmp_path / "nonsense").write_text("no certificate")
    files = {"its own": certificate, "none": None}
    file = files.get(ca, tmp_path / ca)
    with serving(matrix((LABELS, [(stamp(1), "1")])), certificate=certificate) as server:
        async with asking(server, ca_file=file) as metrics:
            answer = await metrics.series("requests_total", MINUTE)
    if ca == "its own":
        assert isinstance(answer, Value)
    else:
        assert "cannot be trusted" in why(answer)
        assert "PADDLE_OPERATOR_PROMETHEUS_CA_FILE is" in why(answer)


async def test_a_token_is_read_anew_for_each_request(tmp_path: Path) -> None:
    file = tmp_path / "token"
    with serving(matrix()) as server:
        async with asking(server, token_file=file) as metrics:
            assert str(file) in why(await metrics.series("up", MINUTE))
            for token in ("first", "second"):
                file.write_text(token)
                await metrics.series("up", MINUTE)
    assert [one["authorization"] for one in server.asked] == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize(
    "held",
    [b"s3cret\nsecond", b"s3cret\rX-Other: 1", b"s3cret two", b"s3cret\xc3\xa9", b"s3cret\0", b"", b"\n"],
)
async def test_a_file_that_holds_no_token_is_refused_without_a_word_of_it(
    tmp_path: Path, held: bytes
) -> None:
    file = tmp_path / "token"
    file.write_bytes(held)
    with serving(matrix()) as server:
        async with asking(server, token_file=file) as metrics:
            said = why(await metrics.series("up", MINUTE))
    assert str(file) in said
    assert "visible ASCII" in said
    assert not any(part in said for part in ("s3cret", "second", "X-Other", "two"))
    assert server.asked == []


@pytest.mark.parametrize("slow", [{"before": 3.0}, {"slowly": 0.1}], ids=["late", "drop by drop"])
async def test_who_is_slow_is_not_waited_for(slow: dict[str, float]) -> None:
    answer = matrix((LABELS, [(stamp(1), "1")]))
    begun = time.monotonic()
    said = await ask(Answer(answer.body, **slow), timeout=0.3)  # type: ignore[arg-type]
    assert "did not answer within 0.3 s" in why(said) or "no answer within 0.3 s" in why(said)
    assert time.monotonic() - begun < 8


async def test_who_is_not_there_is_asked_again_only_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(matrix((LABELS, [(stamp(1), "1")]))) as server:
        pass
    async with asking(server) as metrics:
        first = why(await metrics.series("up", MINUTE))
        assert "Connection refused" in first
        monkeypatch.setattr(metrics, "_query", None)  # asking once more would end with an error
        assert [why(await metrics.series("up", MINUTE)) for _ in range(20)] == [first] * 20
    monkeypatch.undo()
    monkeypatch.setattr(prometheus, "PAUSE_SECONDS", 0.0)
    async with asking(server) as metrics:
        for _ in range(2):
            assert "Connection refused" in why(await metrics.series("up", MINUTE))


async def test_one_question_that_takes_too_long_silences_nobody() -> None:
    good = matrix((LABELS, [(stamp(1), "1")]))
    slow = Answer(good.body, before=6.0)
    with serving(slow, slow, good) as server:
        async with asking(server, timeout=2) as metrics:
            assert "within 2 s" in why(await metrics.series("large", MINUTE))
            assert "within 2 s" in why(await metrics.series("large", MINUTE))
            assert isinstance(await metrics.series("small", MINUTE), Value)
    assert len(server.asked) == 3


async def test_three_different_questions_in_a_row_without_an_answer_are_followed_by_a_pause() -> None:
    slow = Answer(matrix().body, before=1.0)
    with serving(slow) as server:
        async with asking(server, timeout=0.3) as metrics:
            for question in ("a", "b", "c", "d", "e"):
                assert "within 0.3 s" in why(await metrics.series(question, MINUTE))
    assert len(server.asked) == 3


@pytest.mark.parametrize("slow", [{"before": 9.0}, {"slowly": 0.9}], ids=["late", "drop by drop"])
async def test_who_measures_waits_until_the_question_itself_gives_up(slow: dict[str, float]) -> None:
    settings = Settings(prometheus_timeout_seconds=1)
    with serving(Answer(matrix().body, **slow)) as server:  # type: ignore[arg-type]
        async with asking(server, timeout=settings.prometheus_timeout_seconds) as metrics:
            async with asyncio.timeout(settings.measure_limit_seconds):
                assert "within 1 s" in why(await metrics.series("a", MINUTE))


async def test_an_answer_that_stops_in_the_middle_is_a_failure() -> None:
    stalled = Answer(matrix((LABELS, [(stamp(1), "1")])).body[:2], slowly=0.8)
    assert "did not answer within 0.3 s" in why(await ask(stalled, timeout=0.3))


async def test_an_instant_answer_is_a_sample_at_that_moment_and_nan_is_no_data() -> None:
    with serving(
        vector((LABELS, (stamp(0), "2.5")), ({"pod": "b"}, (stamp(0), "NaN"))),
        vector((LABELS, (stamp(0), "NaN"))),
        error(400, "bad_data", "parse error"),
    ) as server:
        async with asking(server) as metrics:
            first = await metrics.instant("rate(x[1m])", NOON)
            second = await metrics.instant("0/0", NOON)
            third = await metrics.instant("(", NOON)
    assert first == Value((Series(SERIES, (Sample(NOON, 2.5),)),))
    assert isinstance(second, NoData)
    assert "parse error" in why(third)
