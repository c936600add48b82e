"""A batch of requests in a worker: each caller gets an end of their own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from paddle_runtime.answering import TogetherModel
from paddle_runtime.dispatch.exchange import Ask
from paddle_runtime.dispatch.job import Result
from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.pipeline.base import PipelineAnswer


def ask(kind: str, payload: bytes) -> Ask:
    return Ask(kind=kind, request={}, payload=memoryview(payload), deadline=1.0)


def test_what_fails_for_one_of_a_batch_is_nobody_elses_failure() -> None:
    ends: dict[bytes, Any] = {
        b"good": PipelineAnswer({"lines": []}),
        b"damaged": Invalid(RequestReason.UNDECODABLE, "it ends early"),
        b"not a number": PipelineAnswer({"score": float("nan")}),
    }

    def run_all(requests: list[tuple[str, memoryview, Any]]) -> list[Any]:
        return [ends[bytes(payload)] for _, payload, _ in requests]

    def infer(request: object, payload: memoryview) -> Result:
        if bytes(payload) == b"wrong":
            raise Invalid(RequestReason.MALFORMED, "no tensors")
        return Result(b"tensors")

    model = TogetherModel(
        cast("Any", SimpleNamespace(run_all=run_all)),
        cast("Any", SimpleNamespace(answer=infer)),
        cast("Any", SimpleNamespace(answer=lambda: Result(b"golden"))),
    )
    golden, good, tensors, damaged, wrong, nan, again = model.answer_all(
        [
            ask("golden", b""),
            ask("ocr", b"good"),
            ask("infer", b"right"),
            ask("ocr", b"damaged"),
            ask("infer", b"wrong"),
            ask("ocr", b"not a number"),
            ask("ocr", b"good"),
        ]
    )
    assert golden == Result(b"golden")
    assert isinstance(good, Result)
    assert isinstance(again, Result)
    assert good.body == again.body == b'{"lines":[]}'
    assert tensors == Result(b"tensors")
    assert isinstance(damaged, Invalid)
    assert isinstance(wrong, Invalid)
    assert isinstance(nan, ValueError)
