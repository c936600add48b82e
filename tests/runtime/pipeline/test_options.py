"""Options of one OCR request."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.pipeline.options import OcrOptions, parse_options


def test_defaults_come_from_the_bundle() -> None:
    assert parse_options({}, 0.5) == OcrOptions(cls=True, min_score=0.5)


def test_all_options_are_taken() -> None:
    given: dict[str, JsonValue] = {"cls": False, "minScore": 0}
    assert parse_options(given, 0.5) == OcrOptions(cls=False, min_score=0.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cls", "yes"), ("cls", 1), ("minScore", 1.5), ("minScore", "0.5"), ("minScore", True),
        ("detMaxSide", 640), ("lang", "ch"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_named_with_its_value(name: str, value: JsonValue) -> None:
    with pytest.raises(Invalid) as fault:
        parse_options({name: value}, 0.5)
    assert fault.value.reason is RequestReason.MALFORMED
    assert name in str(fault.value)
    assert str(value) in str(fault.value)
