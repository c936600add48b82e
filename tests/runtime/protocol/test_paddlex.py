"""PaddleX's form, without a server: any document is parsed or refused for a reason."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.errors import Invalid
from paddle_runtime.protocol import paddlex
from paddle_runtime.transport.replies import json_response

VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just([]) | st.just({})
)


@given(st.dictionaries(st.sampled_from([*paddlex.FIELDS, "fileType", "file", "logId", "other"]), VALUES))
def test_any_document_is_understood_or_invalid(document: dict[str, object]) -> None:
    try:
        asked = paddlex.parse(document)
    except Invalid as fault:
        assert str(fault)  # noqa: PT017
    else:
        json.dumps(asked.options, allow_nan=False)
        assert asked.options["visualize"] in {True, False}


def test_options_take_the_pipelines_names() -> None:
    asked = paddlex.parse(
        {
            "file": "",
            "fileType": 1,
            "useTextlineOrientation": False,
            "textDetThresh": 0.4,
            "textDetBoxThresh": 0.7,
            "textDetUnclipRatio": 2,
            "textDetLimitSideLen": 640,
            "textDetLimitType": "max",
            "textRecScoreThresh": 0.9,
            "visualize": True,
            "useDocUnwarping": False,
            "returnWordBox": None,
        }
    )
    assert asked == paddlex.Asked(
        1,
        {
            "cls": False,
            "minScore": 0.9,
            "visualize": True,
            "detect": {
                "probabilityThreshold": 0.4,
                "boxThreshold": 0.7,
                "unclipRatio": 2.0,
                "limitSideLen": 640,
                "limitType": "max",
            },
        },
    )


def test_a_number_that_no_float_holds_is_out_of_range() -> None:
    with pytest.raises(Invalid, match="give a number from 0 to 1"):
        paddlex.parse({"textRecScoreThresh": 10**400})


def test_a_refusal_can_quote_half_a_character() -> None:
    with pytest.raises(Invalid) as fault:
        paddlex.parse({"\ud800": 1})
    answer = json_response(paddlex.error_of(str(fault.value), 400, "own"))
    assert json.loads(answer.body)["errorMsg"] == str(fault.value)


@given(st.text(max_size=20), st.binary(max_size=5))
def test_an_answer_is_spliced_whole(log_id: str, data: bytes) -> None:
    result = json.dumps({"data": data.hex()}).encode()
    assert json.loads(paddlex.answer_of(result, log_id)) == {
        "logId": log_id,
        "result": {"data": data.hex()},
        "errorCode": 0,
        "errorMsg": "Success",
    }


@pytest.mark.parametrize("value", ["x" * 129, 5, [], {}, "\ud800"])
def test_a_log_id_that_is_none_is_invalid(value: object) -> None:
    with pytest.raises(Invalid, match="logId is"):
        paddlex.log_id_of({"logId": value}, "own")
    assert paddlex.log_id_of({"logId": ""}, "own") == paddlex.log_id_of({}, "own") == "own"
