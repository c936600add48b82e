"""Which addresses and URIs a fetch takes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.bundle.addresses import AddressPolicy
from paddle_runtime.bundle.deadline import (
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    Deadline,
    pause_seconds,
    retried,
)
from paddle_runtime.bundle.location import (
    BuiltinLocation,
    FolderLocation,
    HttpsLocation,
    Location,
    S3Location,
    parse_location,
)
from paddle_runtime.errors import BundleFault, BundleReason

PUBLIC = AddressPolicy()
DECLARED = AddressPolicy(private=True)
ALWAYS_REFUSED = [
    "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "169.254.169.254", "169.254.1.1", "fe80::1",
    "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "168.63.129.16", "100.100.100.200",
    "192.0.0.192", "fd00:ec2::254", "0.0.0.0", "0.1.2.3", "::", "224.0.0.1", "ff02::1", "255.255.255.255",
    "fe80::1%eth0", "240.0.0.1",
]  # fmt: skip
PRIVATE = [
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "fd12::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
]


@pytest.mark.parametrize("address", ALWAYS_REFUSED)
def test_some_addresses_are_never_allowed(address: str) -> None:
    assert PUBLIC.problem(address) is not None
    assert DECLARED.problem(address) is not None


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_for_declared_stores_only(address: str) -> None:
    assert "private" in (PUBLIC.problem(address) or "")
    assert DECLARED.problem(address) is None


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert PUBLIC.problem(address) is None


def test_loopback_needs_the_tests_own_switch() -> None:
    assert AddressPolicy(loopback=True).problem("127.0.0.1") is None
    assert AddressPolicy(loopback=True).problem("169.254.169.254") is not None


@pytest.mark.parametrize(
    ("uri", "location"),
    [
        ("s3://models/ocr/v4/", S3Location("models", "ocr/v4")),
        ("s3://models", S3Location("models", "")),
        ("https://host.example:8443/a/b", HttpsLocation("https://host.example:8443/a/b/")),
        ("https://host.example", HttpsLocation("https://host.example/")),
        ("pvc://claim/a/b", FolderLocation(Path("/models/source/a/b"))),
        ("pvc://claim", FolderLocation(Path("/models/source"))),
        ("builtin:ppocr-v4-mobile", BuiltinLocation("ppocr-v4-mobile")),
    ],
)
def test_every_form_of_uri_is_parsed(uri: str, location: Location) -> None:
    assert parse_location(uri) == location


@pytest.mark.parametrize(
    "uri",
    ["", "http://host/a", "ftp://host/a", "file:///etc", "s3://", "s3://A/b", "s3://models/../secrets", "https:///a",
     "https://user:pass@host/a", "https://host/a?token=1", "https://host/a#b", "https://host:0x/a",
     "pvc://claim/../../etc", "builtin:../etc", "builtin:", "s3://models/a\\b"],
)  # fmt: skip
def test_other_uris_are_refused_with_the_forms_there_are(uri: str) -> None:
    with pytest.raises(BundleFault, match="it must be s3://") as fault:
        parse_location(uri)
    assert fault.value.reason is BundleReason.ModelNotFound


@given(failures=st.integers(1, 200), jitter=st.floats(0, 1, exclude_max=True))
def test_pauses_grow_stay_within_bounds_and_differ(failures: int, jitter: float) -> None:
    pause = pause_seconds(failures, jitter)
    assert FIRST_PAUSE_SECONDS / 2 <= pause <= LONGEST_PAUSE_SECONDS
    assert pause_seconds(failures + 1, jitter) >= pause


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def deadline(self, seconds: float) -> Deadline:
        draw = random.Random(1)
        return Deadline(
            at=self.now + seconds,
            seconds=seconds,
            clock=lambda: self.now,
            sleep=self.sleep,
            jitter=draw.random,
        )

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def failing(times: int, reason: BundleReason) -> tuple[list[int], object]:
    calls: list[int] = []

    def action() -> str:
        calls.append(1)
        if len(calls) <= times:
            raise BundleFault(reason, "the store is away.")
        return "there"

    return calls, action


def test_an_unreachable_store_is_tried_until_it_is_back() -> None:
    calls, action = failing(5, BundleReason.StoreUnreachable)
    assert retried(action, Clock().deadline(600)) == "there"  # type: ignore[arg-type]
    assert len(calls) == 6


def test_an_unreachable_store_is_given_up_when_the_time_is_over() -> None:
    clock = Clock()
    calls, action = failing(10**6, BundleReason.StoreUnreachable)
    with pytest.raises(BundleFault, match=r"Tried \d+ times within 60 s") as fault:
        retried(action, clock.deadline(60))  # type: ignore[arg-type]
    assert fault.value.reason is BundleReason.StoreUnreachable
    assert clock.now <= 60
    assert 6 < len(calls) < 30


def test_a_pause_that_outlasts_the_time_leaves_the_store_unreachable() -> None:
    class Busy(Clock):
        def sleep(self, seconds: float) -> None:
            self.now += seconds + 120

    calls, action = failing(10**6, BundleReason.StoreUnreachable)
    with pytest.raises(BundleFault, match=r"Tried 1 times within 60 s") as fault:
        retried(action, Busy().deadline(60))  # type: ignore[arg-type]
    assert fault.value.reason is BundleReason.StoreUnreachable
    assert len(calls) == 1


def test_what_waiting_cannot_mend_is_not_tried_again() -> None:
    calls, action = failing(3, BundleReason.ModelForbidden)
    with pytest.raises(BundleFault):
        retried(action, Clock().deadline(600))  # type: ignore[arg-type]
    assert len(calls) == 1


def test_time_that_ran_out_is_told_with_its_length() -> None:
    clock = Clock()
    deadline = clock.deadline(5)
    deadline.check("reading")
    clock.sleep(6)
    with pytest.raises(BundleFault, match="reading did not end within 5 s") as fault:
        deadline.check("reading")
    assert fault.value.reason is BundleReason.FetchTimeout
