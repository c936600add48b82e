"""The promise as others see it."""

from __future__ import annotations

from paddle_operator.sla.objectives import promise, sla_document, sla_hash
from paddle_operator.spec.promise import Sla
from tests.operator.given import a_resource, a_service

UP = {"name": "up", "availability": {"targetPercent": "99.9"}}
FAST = {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 200}}
FASTER = {"name": "faster", "latency": {"percentile": "50", "thresholdMilliseconds": 100}}
ALSO_FAST = {"name": "also", "latency": {"percentile": "99", "thresholdMilliseconds": 200}}
RIGHT = {"name": "right", "errorRate": {"maxPercent": "0.5"}}


def sla(*objectives: dict[str, object]) -> Sla:
    return a_service(a_resource().promising(*objectives)).spec.sla


def test_the_order_of_objectives_is_no_part_of_the_promise() -> None:
    assert sla_hash(sla(UP, FAST)) == sla_hash(sla(FAST, UP))


def test_every_other_change_is_another_promise() -> None:
    slower = {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 201}}
    shorter = a_service(a_resource().promising(UP).with_("spec.sla.window", {"days": 7})).spec.sla
    hashes = {sla_hash(one) for one in (sla(UP), sla(FAST), sla(slower), sla(UP, FAST), shorter)}
    assert len(hashes) == 5


def test_defaults_written_out_are_the_same_promise() -> None:
    written = a_resource().promising(UP).with_("spec.sla.window", {"type": "Rolling", "days": 30})
    assert sla_hash(a_service(written).spec.sla) == sla_hash(sla(UP))


def test_a_promise_without_the_later_fields_keeps_the_hash_that_it_always_had() -> None:
    assert sla_hash(sla({"name": "availability", "availability": {"targetPercent": "99.9"}})) == (
        "a2423ee2b67587e0"
    )


def with_(path: str, value: object) -> Sla:
    return a_service(a_resource().promising(UP).with_(path, value)).spec.sla


def test_the_later_fields_are_part_of_the_promise_and_their_defaults_are_not() -> None:
    maintenance = {"name": "m", "schedule": "0 3 * * 0", "durationMinutes": 30}
    backup = {"name": "b", "schedule": "0 4 * * 0", "durationMinutes": 30}
    assert sla_hash(with_("spec.sla.minTraffic", {"requests": 20})) == sla_hash(sla(UP))
    assert sla_hash(with_("spec.sla.exclusions", [])) == sla_hash(sla(UP))
    month = with_("spec.sla.window", {"type": "Calendar"})
    named = with_("spec.sla.window", {"type": "Calendar", "timeZone": "UTC"})
    assert sla_hash(month) == sla_hash(named)
    both = with_("spec.sla.exclusions", [maintenance, backup])
    assert sla_hash(both) == sla_hash(with_("spec.sla.exclusions", [backup, maintenance]))
    others = (
        sla(UP),
        month,
        both,
        with_("spec.sla.window", {"type": "Calendar", "timeZone": "Asia/Shanghai"}),
        with_("spec.sla.exclusions", [maintenance]),
        with_("spec.sla.exclusions", [{**maintenance, "timeZone": "Asia/Shanghai"}]),
        with_("spec.sla.minTraffic", {"requests": 21}),
    )
    assert len({sla_hash(one) for one in others}) == len(others)


def test_the_runtime_gets_each_threshold_once_in_order() -> None:
    document = sla_document(sla(UP, FAST, FASTER, ALSO_FAST))
    assert document["latencyThresholdsMilliseconds"] == [100, 200]
    assert document["slaHash"] == sla_hash(sla(UP, FAST, FASTER, ALSO_FAST))


def test_the_promise_can_be_read() -> None:
    assert promise(sla(UP, FAST, RIGHT)) == (
        "99.9 % of requests answered, 95 % within 200 ms, at most 0.5 % failed; over 30 days"
    )


def test_a_month_and_what_is_left_out_can_be_read() -> None:
    resource = (
        a_resource().promising(UP).with_("spec.sla.window", {"type": "Calendar", "timeZone": "Asia/Tokyo"})
    )
    maintenance = {"name": "upgrade", "schedule": "0 3 * * 0", "durationMinutes": 30}
    promised = a_service(resource.with_("spec.sla.exclusions", [maintenance])).spec.sla
    assert promise(promised) == (
        "99.9 % of requests answered; in each calendar month (Asia/Tokyo); not during upgrade"
    )
