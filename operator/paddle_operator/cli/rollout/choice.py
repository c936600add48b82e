"""Which revision a person means, who says a part of its name, or nothing. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from paddle_operator import names
from paddle_operator.cli.rollout.kept import REJECTED, Kept, why_not
from paddle_operator.errors import OperatorError
from paddle_operator.rollout.machine import State
from paddle_operator.rollout.request import Verb

SERVED_BEFORE = {"previous", "retired", "history"}
"""Roles of revisions to which a rollback can go."""


class NoChoice(OperatorError):
    """There is not one revision that can be meant."""


def revision_meant(verb: Verb, said: str, service: Mapping[str, Any], kept: Sequence[Kept]) -> str:
    """Return the whole name of a revision; NoChoice lists those that can be meant, where it is not one."""
    able = _able(verb, service, kept)
    if verb is Verb.ROLLBACK and not _named(said, able) and (serves := _serving(said, service)):
        raise NoChoice(serves)
    unknown = bool(said) and not _named(said, _all(service, kept))
    stranger = f"{service['metadata']['name']} has no revision {said!r}"
    if not able:
        none = _none(verb, service, kept)
        raise NoChoice(f"{stranger}, and {none}" if unknown else none)
    meant = _named(said, able) if said else _usual(verb, service, able, kept)
    if verb is Verb.ROLLBACK and not said and not meant:
        again = "to have one tried again, let the resource ask for it"
        raise NoChoice(f"{able[0]} gave its requests back in its bake, and no other one is kept: {again}")
    if len(meant) == 1:
        return meant[0]
    how_many = "several" if meant else "none"
    trouble = f"{said!r} names {how_many} of these" if said else "name one of these"
    if unknown:
        trouble = f"{stranger}; name one of these"
    known = {one.revision: one for one in kept}
    listed = "".join(f"\n  {_described(name, known.get(name))}" for name in able)
    raise NoChoice(f"{verb}: {trouble} revisions:{listed}")


def first_in(status: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the first revision of a service while it comes up; empty where one has served. It is no canary:
    nobody serves beside whom it could be tried."""
    return {} if status.get("stable") else status.get("canary") or {}


def tried_in(status: Mapping[str, Any]) -> str:
    """Return the revision that is being rolled out, also while nothing of it runs; empty where none is."""
    if first_in(status):
        return ""
    rollout = status.get("rollout") or {}
    blocked = rollout.get("revision") if rollout.get("state") == State.BLOCKED else ""
    return str((status.get("canary") or {}).get("revision") or blocked or "")


def stable_without_pods(status: Mapping[str, Any]) -> str:
    """Return the stable revision, where none of its pods is ready: whoever takes over then serves alone."""
    stable = status.get("stable") or {}
    return "" if stable.get("readyReplicas", 1) else str(stable["revision"])


def wanted_rejected(status: Mapping[str, Any]) -> str:
    """Return the revision that the resource asks for, if it was rejected; empty where that is not told."""
    wanted = str((status.get("rollout") or {}).get("revision", ""))
    rejected = [str(one["revision"]) for one in status.get("rejectedRevisions") or ()]
    if not wanted and len(rejected) == 1:  # an operator of another release may not say it
        return rejected[0]
    return wanted if wanted in rejected else ""


def _able(verb: Verb, service: Mapping[str, Any], kept: Sequence[Kept]) -> list[str]:
    """Return the revisions on which the verb could work, the newest first."""
    status = service.get("status") or {}
    newest_first = tuple(reversed(kept))
    match verb:
        case Verb.RETRY:
            return [one.revision for one in newest_first if one.role == REJECTED]
        case Verb.ROLLBACK if not _has_rollout(service):
            return []
        case Verb.ROLLBACK:
            left = [lost] if tried_in(status) and (lost := stable_without_pods(status)) else []
            return [*left, *(one.revision for one in newest_first if one.role in SERVED_BEFORE)]
        case _:
            return [tried] if (tried := tried_in(status)) else []


def _has_rollout(service: Mapping[str, Any]) -> bool:
    """Tell whether somebody would answer: also all of its fields may be left out."""
    return (service.get("spec") or {}).get("rollout") is not None


def _usual(verb: Verb, service: Mapping[str, Any], able: list[str], kept: Sequence[Kept]) -> list[str]:
    """Return what is meant where nothing is said: to be tried again, the one that the resource asks for; else
    who served before, or the only one that has not left its bake."""
    status = service.get("status") or {}
    if verb is Verb.RETRY:
        wanted = (status.get("rollout") or {}).get("revision")
        return [one for one in able if one == wanted] if wanted else able
    usual = (status.get("previous") or {}).get("revision")
    left = {one.revision for one in kept if one.left}
    return [usual] if usual in able else [one for one in able if one not in left]


def _serving(said: str, service: Mapping[str, Any]) -> str:
    """Say what leads back to the revision that serves already; empty where another one is meant."""
    status, name = service.get("status") or {}, service["metadata"]["name"]
    stable = str((status.get("stable") or {}).get("revision", ""))
    if not said or not _named(said, [stable]):
        return ""
    tried = tried_in(status)
    beside = f"; to end {tried} beside it: kubectl paddle_sla abort {name}" if tried else ""
    return f"{stable} serves{beside}"


def _named(said: str, able: list[str]) -> list[str]:
    """Return what a name means: the whole of it, or how it or its hash begins, as git and kubectl take it."""
    return [one for one in able if one == said] or [one for one in able if _begins(one, said)]


def _begins(name: str, said: str) -> bool:
    """Tell whether it is how a name begins, as far as the hash at least, or how the hash does."""
    before = f"{names.service_of(name)}-"
    part = said.removeprefix(before)
    return part != "" and name.startswith(f"{before}{part}")


def _all(service: Mapping[str, Any], kept: Sequence[Kept]) -> list[str]:
    """Return every revision of which anything is told."""
    status = service.get("status") or {}
    told = (status.get(block) or {} for block in ("stable", "canary", "previous", "rollout"))
    return [*(one.revision for one in kept), *(str(one["revision"]) for one in told if "revision" in one)]


def _described(name: str, kept: Kept | None) -> str:
    if kept is None:
        return name
    when = f"{kept.role} since {kept.ended}" if kept.ended else f"{kept.role}, created {kept.created}"
    return f"{name}  {when}" + (f"  {not_it}" if (not_it := why_not(kept)) else "")


def _none(verb: Verb, service: Mapping[str, Any], kept: Sequence[Kept]) -> str:
    name = service["metadata"]["name"]
    match verb:
        case Verb.RETRY:
            return f"no revision of {name} is rejected"
        case Verb.ROLLBACK if not _has_rollout(service):
            return (
                f"{name} has no rollout to go back by: apply the resource as it was, or set spec.rollout, "
                "which keeps who served before"
            )
        case Verb.ROLLBACK:
            none = f"no revision that served before is kept of {name}"
            rejected = next((one.revision for one in reversed(kept) if one.role == REJECTED), "")
            again = (
                f"{rejected} is rejected, and is tried again by kubectl paddle_sla retry {name} {rejected}"
            )
            return f"{none}: {again if rejected else 'see spec.rollout.revisionHistoryLimit'}"
        case _:
            back = f". To take a promotion back: kubectl paddle_sla rollback {name}"
            told = f"no canary of {name} is under way, so there is nothing to {verb}"
            return f"{told}{back}" if _able(Verb.ROLLBACK, service, kept) else told
