"""What replicas did in the last minutes, from raw samples of their counters."""

from __future__ import annotations

from collections.abc import Iterator

from paddle_operator.sla.learning import Demand
from paddle_operator.sla.series import Sample, Series
from paddle_operator.sla.working import Worked, worked
from tests.operator.sla.counters import at

DEMANDS = (Demand("up", 0.001), Demand("fast", 0.05, 0.2))
PREFIX = "paddle_runtime_"
STAGES = "stage_duration_seconds_bucket"


def a_pod(name: str = "a", revision: str = "r1", **changed: list[float]) -> Iterator[Series]:
    """A pod over a minute: 90 good answers, 3 failed ones, 6 refused and 5 that are the callers' mistakes."""
    rows: dict[str, tuple[dict[str, str], list[float]]] = {
        "good": ({"__name__": "requests_total", "outcome": "good", "code": "200"}, [1000, 1090]),
        "bad": ({"__name__": "requests_total", "outcome": "bad", "code": "500"}, [7, 10]),
        "refused": ({"__name__": "requests_total", "outcome": "refused", "code": "503"}, [0, 6]),
        "invalid": ({"__name__": "requests_total", "outcome": "invalid", "code": "400"}, [20, 25]),
        "busy": ({"__name__": "busy_seconds_total"}, [50.5, 59.5]),
        "workers": ({"__name__": "workers"}, [2, 2]),
        "warm": ({"__name__": "warm_workers"}, [3, 3]),
        "load": ({"__name__": "model_load_seconds", "phase": "load"}, [2.5, 2.5]),
        "warmup": ({"__name__": "model_load_seconds", "phase": "warm-up"}, [1.25, 1.25]),
        "fast": ({"__name__": "request_duration_seconds_bucket", "le": "0.2"}, [900, 980]),
        "all": ({"__name__": "request_duration_seconds_bucket", "le": "+Inf"}, [1000, 1090]),
        "at_once": ({"__name__": STAGES, "stage": "queue", "le": "0.0025"}, [800, 870]),
        "decode": ({"__name__": STAGES, "stage": "decode", "le": "0.0025"}, [0, 1]),
    }  # fmt: skip
    for key, (labels, values) in rows.items():
        named = {**labels, "__name__": PREFIX + labels["__name__"], "pod": name, "revision": revision}
        given = changed.get(key, values)
        samples = tuple(
            Sample(at(60 * place / max(1, len(given) - 1)), value) for place, value in enumerate(given)
        )
        yield Series(frozenset(named.items()), samples)


def the_pod(**changed: list[float]) -> Worked:
    (one,) = worked(a_pod(**changed), DEMANDS)
    return one


def test_what_rose_between_the_first_and_the_last_sample_belongs_together() -> None:
    one = the_pod()
    assert (one.revision, one.seen.seconds, one.seen.workers) == ("r1", 60, 2)
    assert one.seen.busy_seconds == 9
    assert (one.seen.offered, one.seen.handled, one.refused) == (99, 93, 6)
    assert one.seen.kept == {"up": 90, "fast": 80}
    assert one.seen.waited == 20
    assert one.seen.whole
    assert one.load_seconds == 3.75


def test_who_was_not_taken_up_at_once_had_to_wait() -> None:
    answers = the_pod().answers
    assert (answers.total, answers.waited, answers.within) == (90, 20, ((200, 80),))


def test_a_restart_tells_nothing() -> None:
    for counter in ("good", "busy", "fast"):
        one = the_pod(**{counter: [1000, 3]})
        assert not one.seen.whole
        assert one.answers.total == 0


def test_a_value_that_is_no_number_tells_nothing() -> None:
    assert not the_pod(good=[1000, float("nan")]).seen.whole


def test_fewer_warm_workers_than_wanted_tell_nothing() -> None:
    assert not the_pod(warm=[3, 1, 3]).seen.whole


def test_a_histogram_without_the_threshold_tells_nothing() -> None:
    (one,) = worked(a_pod(), (Demand("other", 0.05, 0.3),))
    assert not one.seen.whole


def test_a_pod_that_was_sampled_once_is_left_out() -> None:
    assert worked(a_pod(busy=[50.5]), DEMANDS) == ()
    assert worked((), DEMANDS) == ()


def test_pods_are_told_apart() -> None:
    found = worked([*a_pod("b", "r2"), *a_pod("a", "r1"), *a_pod("c", "r1")], DEMANDS)
    assert [one.revision for one in found] == ["r1", "r1", "r2"]


def test_series_without_pod_or_revision_are_left_out() -> None:
    assert worked(a_pod(name=""), DEMANDS) == ()
