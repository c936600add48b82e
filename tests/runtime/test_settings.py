"""Settings come from flags and environment, once, and an error names key and value."""

from __future__ import annotations

import argparse
import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.settings import Settings, SettingsFault, add_flags, env_name, options, read


def flags(*arguments: str) -> dict[str, str | None]:
    parser = argparse.ArgumentParser()
    add_flags(parser)
    return vars(parser.parse_args(arguments))


def test_defaults_hold_when_nothing_is_said() -> None:
    assert read(flags(), {}) == Settings()


def test_a_flag_wins_over_the_environment_and_an_empty_variable_is_no_value() -> None:
    environment = {"PADDLE_RUNTIME_PORT": "9000", "PADDLE_RUNTIME_WORKERS": "3", "PADDLE_RUNTIME_MODEL": ""}
    chosen = read(flags("--port", "9001"), environment)
    assert (chosen.port, chosen.workers, chosen.model) == (9001, 3, "")


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (("--port", "http"), {}, ["--port", "'http'", "whole number"]),
        ((), {"PADDLE_RUNTIME_WORKERS": "-1"}, ["PADDLE_RUNTIME_WORKERS", "'-1'", "at least 0"]),
        ((), {"PADDLE_RUNTIME_DEVICE": "TPU"}, ["PADDLE_RUNTIME_DEVICE", "'TPU'", "CPU, GPU, NPU, MLU"]),
        (("--batch-max-size", "4"), {}, ["batch_max_size=4", "device=CPU", "buys nothing"]),
        (("--batch-max-delay-milliseconds", "9"), {}, ["batch_max_delay_milliseconds=9", "device=CPU"]),
        (("--device", "GPU", "--batch-max-size", "1025"), {}, ["batch_max_size=1025", "at most 1024"]),
        (("--request-timeout-seconds", "inf"), {}, ["--request-timeout-seconds", "at most 1000000 seconds"]),
        (("--drain-seconds", "1e400"), {}, ["--drain-seconds='1e400'", "at least 0 and at most 1000000"]),
        (("--port", "65536"), {}, ["--port='65536'", "at most 65535"]),
        ((), {"PADDLE_RUNTIME_DRAIN_SECONDS": "nan"}, ["PADDLE_RUNTIME_DRAIN_SECONDS", "'nan'", "at least"]),
    ],
)
def test_a_wrong_value_is_named_with_its_key(
    arguments: tuple[str, ...], environment: dict[str, str], words: list[str]
) -> None:
    with pytest.raises(SettingsFault) as error:
        read(flags(*arguments), environment)
    for word in words:
        assert word in str(error.value)


def test_every_setting_is_frozen_and_documented_and_numbers_have_units() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]
    for name, default, documented in options():
        assert documented.text, name
        if isinstance(default, float):
            assert documented.unit == "seconds", name
            assert name.endswith("_seconds"), name


def test_the_names_of_the_contract_with_the_operator() -> None:
    wanted = (
        "MODEL MODEL_NAME MODEL_DIGEST PORT DEVICE DEVICE_COUNT DEVICE_MEMORY_MIB WORKERS QUEUE_MAX_REQUESTS "
        "SLA_FILE REVISION DRAIN_SECONDS TERMINATION_LOG"
    )
    names = {env_name(name) for name, _, _ in options()}
    assert {f"PADDLE_RUNTIME_{each}" for each in wanted.split()} <= names


@given(st.integers(0, 10**9), st.floats(0.01, 1e6))
def test_what_is_written_is_read_back(count: int, seconds: float) -> None:
    chosen = read(flags("--workers", str(count)), {"PADDLE_RUNTIME_STALL_SECONDS": repr(seconds)})
    assert (chosen.workers, chosen.stall_seconds) == (count, seconds)
