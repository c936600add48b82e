"""docs/reference/rollout.md: the rollout's table as a diagram and as tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hack.generated import ROOT
from hack.generated.reference_pages import MADE
from paddle_operator.rollout.machine import TABLE, TRYING, Event, State
from paddle_operator.rollout.memory import Cause, Hold

PAGE = ROOT / "docs" / "reference" / "rollout.md"
_TRYING = "Trying"
_EVERYWHERE = {Event.BEGUN, Event.SENT_BACK}
"""Events that every state knows are told beneath the diagram, in which they would hide the others."""


_ENDINGS = {Event.CONDEMNED, Event.EXPIRED, Event.ABORTED}


def files() -> dict[Path, str]:
    """Return the page's text."""
    return {PAGE: "\n".join([*_page(), ""])}


def diagram() -> Iterator[str]:
    """Yield the table as a state diagram for Mermaid; what all states of a trial share is drawn once."""
    yield "stateDiagram-v2"
    yield f"  [*] --> {State.STEADY}"
    yield f"  state {_TRYING} {{"
    edges = [(at, event, to) for (at, event), to in TABLE.items() if event not in _EVERYWHERE]
    shared = {
        (event, to)
        for _, event, to in edges
        if to not in TRYING and all(TABLE.get((state, event)) is to for state in TRYING)
    }
    inner = [edge for edge in edges if edge[0] in TRYING and (edge[1], edge[2]) not in shared]
    for at, event, to in sorted(edge for edge in inner if edge[2] in TRYING):
        yield f"    {at} --> {to}: {event}"
    yield "  }"
    for event, to in sorted(shared):
        yield f"  {_TRYING} --> {to}: {event}"
    outer = [edge for edge in edges if edge[0] not in TRYING and edge[1] not in _ENDINGS]
    leaving = [edge for edge in inner if edge[2] not in TRYING and (edge[1], edge[2]) not in shared]
    for at, event, to in sorted([*outer, *leaving]):
        yield f"  {at} --> {to}: {event}"


def _page() -> Iterator[str]:
    yield MADE
    yield "# States of a rollout"
    yield ""
    yield (
        "Drawn from the table in `operator/paddle_operator/rollout/machine.py`. An event that a state does"
        " not know raises, and nothing changes."
    )
    yield ""
    yield "```mermaid"
    yield from diagram()
    yield "```"
    yield ""
    yield "Not drawn, since nearly every state knows them:"
    yield ""
    for event in Event:
        if event in _EVERYWHERE:
            yield f"- `{event}` leads to {TABLE[State.STEADY, event]}: {event.meaning}."
    yield (
        "- `condemned`, `expired` and `aborted` lead from Steady, Blocked and each ending to the same ending:"
        " where a revision is wanted that was rejected before, and where a person aborts one that is blocked."
    )
    yield ""
    yield from _table("State", [(one, one.meaning) for one in State])
    yield from _table("Event", [(one, _sentence(one.meaning)) for one in Event])
    yield from _table("Waits because of", [(one, one.meaning) for one in Hold])
    yield from _table("Rejected because of", [(one, one.meaning) for one in Cause])


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _table(head: str, rows: list[tuple[str, str]]) -> Iterator[str]:
    yield f"| {head} | |"
    yield "| --- | --- |"
    yield from (f"| `{name}` | {meaning} |" for name, meaning in rows)
    yield ""
