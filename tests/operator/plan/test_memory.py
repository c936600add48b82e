"""What is remembered is written over what was read, and over nothing else."""

from __future__ import annotations

from paddle_operator.plan.record import sla_record, stored_record
from paddle_operator.spec.model import Identity

OURS = Identity("ocr", "prod", "of-ocr", 1)


def test_a_memory_that_was_changed_or_deleted_since_is_not_written_over_or_made_again() -> None:
    """An uid is refused where there is no object any more; a version alone would make one."""
    made = sla_record(OURS, {"record.json": "{}"}, None)
    assert not {"uid", "resourceVersion"} & made["metadata"].keys()
    read = {**made, "metadata": {**made["metadata"], "uid": "of-this-one", "resourceVersion": "7"}}
    metadata = sla_record(OURS, {"record.json": "[]"}, stored_record([read]))["metadata"]
    assert (metadata["uid"], metadata["resourceVersion"]) == ("of-this-one", "7")
