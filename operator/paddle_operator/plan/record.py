"""The ConfigMap in which all that was counted for a service is kept: a record for each source."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from paddle_operator import names
from paddle_operator.plan.memory import Stored, remembered, stored
from paddle_operator.plan.model import KubeObject
from paddle_operator.sla.promises import History, history_from
from paddle_operator.spec.model import Identity
from paddle_operator.spec.report import CountedAt
from paddle_operator.spec.traffic import Routing, RoutingType

RECORD = "sla-record"
PROMISES = "promises.json"
"""The key under which is kept what was promised since when."""


def key_of(at: CountedAt) -> str:
    """Return the key in the ConfigMap under which the record of a source is kept."""
    return "record.json" if at is CountedAt.RUNTIME else f"{at.value.lower()}.json"


def availability_at(routing: Routing, stored: Stored | None) -> CountedAt:
    """Return where availability is counted so far: at the gateway, once anything was known there."""
    if stored is None or routing.type is not RoutingType.GATEWAY_API:
        return CountedAt.RUNTIME
    try:
        accounts = json.loads(stored.texts.get(key_of(CountedAt.GATEWAY), "{}")).get("accounts", {})
        known = any(account["cells"] for account in accounts.values())
    except (ValueError, KeyError, TypeError, AttributeError):  # it is made anew
        known = False
    return CountedAt.GATEWAY if known else CountedAt.RUNTIME


def sla_record(identity: Identity, texts: Mapping[str, str], there: Stored | None) -> KubeObject:
    """Return the ConfigMap; the API server refuses it where what is there was changed or deleted since."""
    return remembered(RECORD, identity, names.sla_record_name(identity.name), texts, there)


def kept_promises(stored: Stored | None) -> History:
    """Return what was promised since when, as far as it is kept: what cannot be read begins anew."""
    try:
        return history_from(stored.texts.get(PROMISES, "")) if stored else ()
    except ValueError:
        return ()


def stored_record(objects: Iterable[KubeObject]) -> Stored | None:
    """Return the records that are in the cluster; None where there are none."""
    return stored(RECORD, objects)
