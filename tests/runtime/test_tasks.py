"""The table of tasks: addresses that lead to one kind each, and rows that nothing lacks."""

from __future__ import annotations

import pytest

from paddle_runtime import request_options, tasks
from paddle_runtime.pipeline import OPENERS
from paddle_runtime.tasks import TASKS, Payload, Task
from paddle_runtime.transport.http_body import READERS


def test_every_task_has_a_row_and_a_pipeline() -> None:
    assert set(TASKS) == set(OPENERS) == set(Task)


def test_every_payload_has_a_reader_and_every_option_a_check() -> None:
    assert set(READERS) == set(Payload)
    used = {option for serving in TASKS.values() for kind in serving.kinds for option in kind.options}
    assert used == set(request_options.OPTIONS)


def test_an_address_asks_for_one_kind_whatever_the_task() -> None:
    rows = [(kind.path, kind.name) for serving in TASKS.values() for kind in serving.kinds]
    assert dict(rows) == tasks.paths()
    assert len({path for path, _ in set(rows)}) == len(set(rows)) == len({name for _, name in set(rows)})


@pytest.mark.parametrize("task", list(Task))
def test_stages_begin_with_the_wait_and_end_with_the_answer(task: Task) -> None:
    stages = TASKS[task].stages
    assert stages[0] == "queue"
    assert stages[-1] == "encode"
    assert len(set(stages)) == len(stages)


@pytest.mark.parametrize("task", [task for task in Task if task is not Task.TENSOR])
def test_a_task_without_tensors_of_its_own_says_what_goes_in_and_out(task: Task) -> None:
    assert TASKS[task].inputs
    assert TASKS[task].outputs
