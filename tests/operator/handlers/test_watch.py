"""What kopf is told to do, and what it must never do."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from kopf._cogs.structs.references import Resource

from paddle_operator.cluster import kinds
from paddle_operator.cluster.leases import HEARTBEAT_TOKEN
from paddle_operator.cluster.ports import Key, ReportKey
from paddle_operator.handlers.watch import JitteredForever, kopf_settings, registry
from paddle_operator.settings import Settings


async def never() -> None:
    """Nothing is to be stopped."""


def handlers() -> tuple[dict[str, Any], list[tuple[Any, float]], list[str]]:
    """The handlers by the plural of what they watch, the queues they fill and the heartbeats they saw."""
    queue: list[tuple[Any, float]] = []
    beats: list[str] = []

    def add(key: Any, delay: float) -> None:
        queue.append((key, delay))

    made = registry(add, add, "mine", beats.append, never)
    found = {str(one.selector.any_name): one.fn for one in made._watching.get_all_handlers()}
    return found, queue, beats


def test_an_event_of_the_resource_or_of_anything_it_owns_becomes_its_key() -> None:
    found, queue, _ = handlers()
    asyncio.run(found["paddlemodelservices"](namespace="prod", name="calm"))
    labels = {"serving.paddle-sla.io/service": "calm"}
    for kind in (*kinds.WATCHED, kinds.POD):
        asyncio.run(found[kind.plural](namespace="prod", labels=labels))
    service = Key("prod", "calm")
    assert {key for key, _ in queue} == {service, ReportKey(True, service)}
    assert len(queue) == 3 + len(kinds.WATCHED)


def test_an_event_of_a_report_becomes_its_key_and_no_services() -> None:
    found, queue, _ = handlers()
    asyncio.run(found["modelslareports"](namespace="prod", name="calm-20261201-0000"))
    assert [key for key, _ in queue] == [ReportKey(False, Key("prod", "calm-20261201-0000"))]


def test_an_object_of_somebody_else_is_no_key() -> None:
    found, queue, _ = handlers()
    asyncio.run(found["pods"](namespace="prod", labels={}))
    assert queue == []


def test_only_this_replicas_heartbeat_counts() -> None:
    found, _, beats = handlers()
    for name in ("mine", "others"):
        asyncio.run(found["leases"](name=name, annotations={HEARTBEAT_TOKEN: name}))
    assert beats == ["mine"]


def test_kopf_has_no_handler_that_writes_finalizers_or_annotations() -> None:
    made = registry(lambda _key, _delay: None, lambda _key, _delay: None, "mine", lambda _token: None, never)
    assert not made._changing.get_all_handlers()
    assert not made._spawning.get_all_handlers()
    assert not made._indexing.get_all_handlers()


def test_kopf_never_gives_up_never_posts_and_selects_on_the_server() -> None:
    settings = kopf_settings(Settings())
    pauses = list(itertools.islice(settings.networking.error_backoffs, 1000))  # type: ignore[arg-type]
    assert all(0 < pause <= 20 for pause in pauses)
    assert not settings.posting.enabled
    assert settings.peering.standalone
    pods = kopf_resource("", "v1", "Pod", "pods")
    assert settings.watching.label_selectors.collect(pods) == ["app.kubernetes.io/managed-by=paddle-sla"]


def test_two_requests_do_not_share_their_pauses() -> None:
    forever = JitteredForever()
    assert next(iter(forever)) <= 1.0
    assert next(iter(forever)) <= 1.0


def test_a_namespaced_operator_does_not_look_at_namespaces_or_crds() -> None:
    assert kopf_settings(Settings(watch_namespaces=("a",))).scanning.disabled
    assert not kopf_settings(Settings()).scanning.disabled


def kopf_resource(group: str, version: str, kind: str, plural: str) -> Any:
    """A resource as kopf discovers it."""
    return Resource(
        group, version, plural, kind=kind, singular=kind.lower(), verbs=frozenset({"list", "watch"})
    )
