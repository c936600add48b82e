"""What an operator wrote: which requests are writes, how each is called, and what they changed. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_PATH = re.compile(
    r"/(?:api/v1|apis/[^/]+/[^/]+)(?:/namespaces/(?P<namespace>[^/]+)(?=/))?"
    r"/(?P<resource>[^/]+)(?:/(?P<name>[^/]+))?(?:/(?P<below>.+))?"
)
UNSTORED = re.compile(r".*reviews")
"""Questions in the form of a write: TokenReview, SelfSubjectAccessReview and the like."""
_NAMED_ANEW = frozenset({"pods", "jobs"})
"""Their names are made up, or hash what differs in each run: their writes are told apart by number alone."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Which writes are told apart, by resource."""

    ignored: frozenset[str] = frozenset({"leases", "kopfpeerings", "clusterkopfpeerings"})
    """Signs of life that come by the clock: never struck, never counted."""
    uncounted: frozenset[str] = frozenset({"events"})
    """Copies for people: struck like all others, but one more or less of them is no violation."""


class Change(StrEnum):
    """What a write did to the set of objects."""

    CREATED = "created"
    DELETED = "deleted"
    NONE = ""


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """One write of the story, by what it is: the third PATCH of configmaps/settings. Numbers alone would
    shift with every status that is written once more or less."""

    write: str
    nth: int

    def __str__(self) -> str:
        return f"{self.write} #{self.nth}"


@dataclass(frozen=True, slots=True)
class Named:
    """A request that writes: `PATCH configmaps/settings`, its resource, and the subresource if any."""

    name: str
    resource: str
    below: str


@dataclass(frozen=True, slots=True)
class Write:
    """One write that the API server answered."""

    point: Point
    resource: str
    code: int
    uid: str
    change: Change
    step: int = 0
    """In which step of the story, from 0."""


def named(method: str, path: str, body: Mapping[str, Any], namespace: str) -> Named | None:
    """Name a request; None for what is no write. Outside the run's namespace, its own stands in front."""
    found = _PATH.fullmatch(path)
    if method not in _METHODS or found is None or UNSTORED.fullmatch(found["resource"]):
        return None
    name = found["name"] or (body.get("metadata") or {}).get("name", "")
    name = "*" if name and found["resource"] in _NAMED_ANEW else name
    elsewhere = found["namespace"] if found["namespace"] != namespace else None
    place = (elsewhere, found["resource"], name, found["below"])
    return Named(
        f"{method} {'/'.join(part for part in place if part)}", found["resource"], found["below"] or ""
    )


def change_of(write: Named, code: int) -> Change:
    """What the answer says was done. A server-side apply creates, too, and says so by its code alone."""
    if code >= 300 or write.below:
        return Change.NONE
    if write.name.startswith("DELETE "):
        return Change.DELETED
    return Change.CREATED if code == 201 else Change.NONE


def uid_of(answer: Mapping[str, Any]) -> str:
    """The uid of the object that was written: in itself, or in the Status that a deletion is answered by."""
    details, metadata = answer.get("details") or {}, answer.get("metadata") or {}
    return str(details.get("uid") or metadata.get("uid") or "")


def counts(writes: Iterable[Write], rules: Rules) -> dict[str, int]:
    """How many objects of each resource were created and deleted; the same one counts once."""
    changed = {
        (f"{one.resource} {one.change}", one.uid or str(one.point))
        for one in writes
        if one.change is not Change.NONE and one.resource not in rules.uncounted
    }
    return dict(sorted(Counter(what for what, _ in changed).items()))
