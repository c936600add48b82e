"""What a person reads at a terminal: a service as a table, in plain text. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from paddle_operator.cli.columns import columns
from paddle_operator.cli.rollout.choice import first_in
from paddle_operator.cli.rollout.page import evidence_table, rollout_rows

ABNORMAL = {"Stalled", "Reconciling"}
"""Conditions that are fine when they are False."""
WIDTH = 110
SERVICE_COLUMNS = (
    "NAMESPACE", "NAME", "READY", "REASON", "REPLICAS", "STABLE", "CANARY", "WEIGHT", "VERDICT", "URL"
)  # fmt: skip
WHERE = {"Gateway": " at the gateway", "Synthetic": " by golden requests"}
"""Availability that is not counted in the pods, by its source."""


def service_table(services: Iterable[Mapping[str, Any]]) -> str:
    """One line a service. A first revision is none that is tried, and stands where those are that serve."""
    rows = [SERVICE_COLUMNS]
    for one in services:
        status = one.get("status") or {}
        ready = condition(one, "Ready")
        first = first_in(status)
        stable, canary = first or status.get("stable") or {}, {} if first else status.get("canary") or {}
        rows.append(
            (
                one["metadata"]["namespace"],
                one["metadata"]["name"],
                str(ready.get("status", "Unknown")),
                str(ready.get("reason", "NotSeen")),
                f"{stable.get('readyReplicas', 0)}/{stable.get('replicas', 0)}",
                str(stable.get("revision", "")),
                str(canary.get("revision", "")),
                str(canary.get("effectiveWeight", canary.get("weight", ""))),
                str((status.get("rollout") or {}).get("verdict", "")),
                str(status.get("url", "")),
            )
        )
    return columns(rows)


def service_page(service: Mapping[str, Any]) -> str:
    """Everything about one service: where it is, what runs, what each condition says."""
    metadata, status = service["metadata"], service.get("status") or {}
    seen, wanted = status.get("observedGeneration", 0), metadata.get("generation", 0)
    stale = "" if seen == wanted else f" (the operator has seen generation {seen} of {wanted})"
    head = [
        ("Service", f"{metadata['namespace']}/{metadata['name']}{stale}"),
        ("URL", str(status.get("url", ""))),
        ("Promise", str((status.get("sla") or {}).get("promise", "none"))),
        ("Model", str((status.get("model") or {}).get("state", ""))),
    ]
    head += [(one["name"], _figures(one)) for one in (status.get("sla") or {}).get("objectives", ())]
    roles = [(role, status[role]) for role in ("stable", "canary", "previous") if role in status]
    heads = {"canary": "First"} if first_in(status) else {}
    head += [(heads.get(role, role.capitalize()), _revision(found)) for role, found in roles]
    parts = [
        columns([*head, *rollout_rows(service)]),
        evidence_table(service),
        conditions_table(status.get("conditions") or ()),
    ]
    return "\n".join(part for part in parts if part)


def conditions_table(conditions: Sequence[Mapping[str, Any]]) -> str:
    """One line a condition, with a mark for what needs attention and the message below its reason."""
    if not conditions:
        return "No condition yet: is the operator running? Try: kubectl paddle_sla doctor\n"
    lines = []
    for one in conditions:
        mark = _mark(str(one["type"]), str(one["status"]))
        lines.append(f"{mark} {one['type']:<17}{one['status']:<9}{one['reason']}")
        if one.get("message"):
            lines += textwrap.wrap(
                str(one["message"]), WIDTH, initial_indent="    ", subsequent_indent="    "
            )
    return "\n".join(lines) + "\n"


def condition(service: Mapping[str, Any], type_: str) -> Mapping[str, Any]:
    """The condition of that type for the present generation; empty where there is none."""
    generation = service["metadata"].get("generation", 0)
    found = (service.get("status") or {}).get("conditions") or ()
    fresh = (one for one in found if one.get("observedGeneration") == generation)
    return next((one for one in fresh if one.get("type") == type_), {})


def answer_lines(answer: Mapping[str, Any]) -> str:
    """Lines, objects and classes with their scores; another answer is shown by its outputs' shapes."""
    if "results" in answer:
        return "\n".join(answer_lines(one) for one in answer["results"])
    for one in ("objects", "classes"):
        if one in answer:
            return "".join(_named(each) for each in answer[one]) or f"no {one} were found\n"
    if "lines" in answer:
        lines = answer["lines"]
        if not lines:
            return "no text was found\n"
        return "".join(f"{float(one.get('score', 0)):.3f}  {one.get('text', '')}\n" for one in lines)
    outputs = answer.get("outputs") or ()
    return "".join(f"{one.get('name')}  {one.get('datatype')}  {one.get('shape')}\n" for one in outputs)


def _figures(objective: Mapping[str, Any]) -> str:
    """One objective: what was attained, where that is known, and what is left."""
    if "attainedPercent" not in objective:
        return f"{objective.get('promise', '')}: not measured"
    burn = f", burning {objective['burnRate1h']} x in the last hour" if "burnRate1h" in objective else ""
    unknown = objective.get("unknownMinutes", 0)
    where = WHERE.get(objective.get("source", ""), "")
    return (
        f"{objective.get('promise', '')}: {objective['attainedPercent']} % attained{where}, "
        f"{objective['budgetRemainingPercent']} % of the budget left{burn}"
        + (f", {unknown} minutes unknown" if unknown else "")
    )


def _named(found: Mapping[str, Any]) -> str:
    box = f"  {found['box']}" if "box" in found else ""
    return f"{float(found.get('score', 0)):.3f}  {found.get('label', '')}{box}\n"


def _revision(found: Mapping[str, Any]) -> str:
    weight = found.get("weight", 0)
    effective = found.get("effectiveWeight", weight)
    counts = f"{found.get('readyReplicas', 0)}/{found.get('replicas', 0)} ready, weight {weight}"
    if effective != weight:
        counts += f" ({effective} in effect)"
    digest = str(found.get("modelDigest", ""))[:19]
    modules = "".join(f"  {one['name']} {str(one['digest'])[:19]}" for one in found.get("modules", ()))
    return f"{found['revision']}  {counts}  {digest}{modules}".rstrip()


def _mark(type_: str, status: str) -> str:
    if status == "Unknown":
        return "?"
    good = (status == "False") == (type_ in ABNORMAL)
    return "+" if good else "-" if type_ != "ScalingActive" else " "
