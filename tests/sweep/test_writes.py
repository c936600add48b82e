"""Which requests are writes, what they are called, and what is counted."""

from __future__ import annotations

import pytest

from sweep.writes import Change, Named, Point, Rules, Write, change_of, counts, named, uid_of

HOME = "/api/v1/namespaces/run"


@pytest.mark.parametrize(
    ("method", "path", "body", "name"),
    [
        ("PATCH", f"{HOME}/configmaps/a", {}, "PATCH configmaps/a"),
        ("POST", f"{HOME}/configmaps", {"metadata": {"name": "a"}}, "POST configmaps/a"),
        ("POST", f"{HOME}/events", {"metadata": {"generateName": "a-"}}, "POST events"),
        ("PATCH", "/apis/example.com/v1/namespaces/run/ponds/koi/status", {}, "PATCH ponds/koi/status"),
        ("DELETE", "/apis/apps/v1/namespaces/run/deployments/d", {}, "DELETE deployments/d"),
        ("PUT", "/api/v1/namespaces/other/secrets/s", {}, "PUT other/secrets/s"),
        ("PATCH", "/apis/rbac.authorization.k8s.io/v1/clusterroles/r", {}, "PATCH clusterroles/r"),
        ("DELETE", "/api/v1/namespaces/gone", {}, "DELETE namespaces/gone"),
        ("PATCH", f"{HOME}/pods/koi-5d8f-x7kzq", {}, "PATCH pods/*"),
        ("POST", f"{HOME}/pods/koi-5d8f-x7kzq/eviction", {}, "POST pods/*/eviction"),
    ],
)
def test_a_write_is_called_by_what_it_writes(
    method: str, path: str, body: dict[str, object], name: str
) -> None:
    found = named(method, path, body, "run")
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{HOME}/configmaps/a"),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
        ("POST", "/version"),
    ],
)
def test_reads_and_questions_are_no_writes(method: str, path: str) -> None:
    assert named(method, path, {}, "run") is None


@pytest.mark.parametrize(
    ("name", "below", "code", "change"),
    [
        ("POST configmaps/a", "", 201, Change.CREATED),
        ("PATCH configmaps/a", "", 201, Change.CREATED),
        ("PATCH configmaps/a", "", 200, Change.NONE),
        ("POST pods/a/eviction", "eviction", 201, Change.NONE),
        ("DELETE configmaps/a", "", 200, Change.DELETED),
        ("DELETE configmaps/a", "", 404, Change.NONE),
        ("POST configmaps/a", "", 409, Change.NONE),
    ],
)
def test_the_code_of_the_answer_tells_what_was_done(name: str, below: str, code: int, change: Change) -> None:
    assert change_of(Named(name, "r", below), code) is change


def test_the_same_object_deleted_twice_counts_once_and_two_of_a_name_twice() -> None:
    def write(nth: int, uid: str, change: Change, resource: str = "jobs") -> Write:
        return Write(Point(f"DELETE {resource}/j", nth), resource, 200, uid, change)

    made = [
        write(1, "a", Change.DELETED),
        write(2, "a", Change.DELETED),
        write(3, "b", Change.DELETED),
        write(4, "", Change.CREATED),
        write(5, "", Change.CREATED),
        write(6, "c", Change.NONE),
        write(7, "d", Change.CREATED, "events"),
    ]
    assert counts(made, Rules()) == {"jobs created": 2, "jobs deleted": 2}


def test_an_answer_tells_the_uid_by_the_object_or_by_the_deletions_details() -> None:
    assert uid_of({"metadata": {"uid": "a"}}) == "a"
    assert uid_of({"kind": "Status", "metadata": {}, "details": {"uid": "b"}}) == "b"
    assert uid_of({}) == ""
