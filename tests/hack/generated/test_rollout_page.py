"""The diagram of a rollout is the table's."""

from __future__ import annotations

import re

from hack.generated import rollout_page
from paddle_operator.rollout.machine import TABLE, TRYING, Event, State
from paddle_operator.rollout.memory import Cause, Hold


def test_every_arrow_is_a_row_of_the_table_and_every_state_is_drawn() -> None:
    drawn = set()
    for line in rollout_page.diagram():
        if arrow := re.fullmatch(r" +(\w+) --> (\w+): (.+)", line):
            at, to, event = arrow.groups()
            for state in TRYING if at == "Trying" else (State(at),):
                assert TABLE[state, Event(event)] == to, line
            drawn |= {at, to}
    assert drawn >= {one.value for one in State} - {State.RETURNING.value}


def test_the_page_explains_every_word() -> None:
    (page,) = rollout_page.files().values()
    for word in (*State, *Event, *Hold, *Cause):
        assert f"| `{word}` | {word.meaning[0]}".lower() in page.lower()
