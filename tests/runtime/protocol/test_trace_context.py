"""W3C Trace Context: what is valid is taken, what is not is as if it were not there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.protocol.trace_context import TraceContext, parse

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
VALID = f"00-{TRACE}-{PARENT}-01"


def test_a_valid_context_is_taken_apart() -> None:
    assert parse(VALID, "a=1, b@c=x y") == TraceContext(TRACE, PARENT, sampled=True, state="a=1,b@c=x y")
    assert parse(f" 00-{TRACE}-{PARENT}-02 ") == TraceContext(TRACE, PARENT, sampled=False)


def test_a_later_version_may_carry_more() -> None:
    assert parse(f"01-{TRACE}-{PARENT}-01-what") == TraceContext(TRACE, PARENT, sampled=True)
    assert parse(f"01-{TRACE}-{PARENT}-01what") is None


@pytest.mark.parametrize(
    "traceparent",
    [
        None,
        "",
        "00",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[:-1]}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-0g",
        f"{VALID},{VALID}",
        f"00-{TRACE}-{PARENT}-٠١",
    ],
)
def test_what_is_not_valid_is_as_if_it_were_not_there(traceparent: str | None) -> None:
    assert parse(traceparent, "a=1") is None


@pytest.mark.parametrize(
    "tracestate",
    ["a", "A=1", "a=1,a=2", "a=,b=1", "=1", "a" * 600, ",".join(f"k{i}=1" for i in range(33))],
)
def test_a_bad_state_takes_nothing_else_with_it(tracestate: str) -> None:
    assert parse(VALID, tracestate) == TraceContext(TRACE, PARENT, sampled=True)


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_text_is_parsed_or_ignored(traceparent: str, tracestate: str) -> None:
    assert parse(traceparent, tracestate) is None
    context = parse(VALID, tracestate)
    assert context is not None
    assert "\n" not in context.state
