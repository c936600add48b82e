"""The history of a service."""

from __future__ import annotations

from paddle_operator.cli.rollout.kept import Kept, history_table, kept_of
from tests.operator.cli.rollout.a_desk import a_deployment, a_service

DIGEST = "sha256:" + "a" * 64
OLD = a_deployment("calm-0aaa", "history", "2026-01-01T00:00:00Z", retired_at="2026-02-01T10:00:00+00:00")
NOW = a_deployment("calm-1aaa", "stable", "2026-01-20T00:00:00Z", model_digest=DIGEST)
BAD = a_deployment("calm-0bad", "history", "2026-01-10T00:00:00Z", rejected="Broken")
REJECTED = {
    "revision": "calm-0bad", "reason": "Broken", "message": "30 of 100 bad", "at": "2026-01-11T00:00:00Z"
}  # fmt: skip


def test_revisions_come_oldest_first_with_what_each_was() -> None:
    old, bad, now = kept_of(a_service(rejectedRevisions=[REJECTED]), [NOW, OLD, BAD])
    assert old == Kept(
        "calm-0aaa", "history", "2026-01-01T00:00:00Z", "2026-02-01T10:00:00Z", "", "runtime:calm-0aaa"
    )
    assert (bad.revision, bad.role, bad.rejected) == ("calm-0bad", "rejected", "Broken: 30 of 100 bad")
    assert (bad.created, bad.ended) == ("2026-01-10T00:00:00Z", "2026-01-11T00:00:00Z")
    assert now == Kept("calm-1aaa", "stable", "2026-01-20T00:00:00Z", "", DIGEST, "runtime:calm-1aaa")


def test_who_left_its_bake_is_told_beside_its_role() -> None:
    left = {"revision": "calm-0aaa", "reason": "FastBurn", "message": "91 of 114 bad"}
    old, now = kept_of(a_service(leftBake=[left]), [NOW, OLD])
    assert (old.role, old.rejected, old.left) == ("history", "", "FastBurn: 91 of 114 bad")
    assert now.left == ""
    assert history_table([old, now]).splitlines()[1].endswith("  left its bake: FastBurn: 91 of 114 bad")


def test_what_a_deployment_says_of_its_rejection_is_enough() -> None:
    (bad,) = kept_of(a_service(), [BAD])
    assert (bad.role, bad.rejected, bad.created, bad.ended) == (
        "rejected",
        "Broken",
        "2026-01-10T00:00:00Z",
        "",
    )


def test_a_rejected_revision_is_told_also_where_nothing_of_it_is_left() -> None:
    bare = {"revision": "calm-0bad"}
    assert kept_of(a_service(rejectedRevisions=[bare]), [NOW])[0] == Kept("calm-0bad", "rejected")


def test_what_is_left_of_nothing_is_told_oldest_first_too() -> None:
    later = {"revision": "calm-0aaa", "at": "2026-01-12T00:00:00Z"}
    kept = kept_of(a_service(rejectedRevisions=[later, REJECTED]), [])
    assert [one.revision for one in kept] == ["calm-0bad", "calm-0aaa"]


def test_only_deployments_of_revisions_are_listed() -> None:
    other = a_deployment("calm-proxy", "", "2026-01-01T00:00:00Z")
    other["metadata"]["labels"]["serving.paddle-sla.io/revision"] = "calm-1aaa"
    bare = a_deployment("calm-bare", "", "2026-01-01T00:00:00Z")
    bare["metadata"]["labels"] = None
    assert [one.revision for one in kept_of(a_service(), [other, bare, NOW])] == ["calm-1aaa"]


def test_a_time_that_is_none_and_a_pod_without_our_container_are_shown_as_they_are() -> None:
    odd = a_deployment("calm-0odd", "retired", "", retired_at="yesterday")
    odd["spec"]["template"]["spec"]["containers"] = [{"name": "proxy", "image": "proxy:1"}]
    (kept,) = kept_of({"metadata": {"name": "calm"}}, [odd])
    assert (kept.ended, kept.image) == ("yesterday", "")


def test_the_table_has_one_line_a_revision_and_shortens_digests() -> None:
    head, *lines = history_table(
        kept_of(a_service(rejectedRevisions=[REJECTED]), [NOW, OLD, BAD])
    ).splitlines()
    assert head.split() == ["REVISION", "ROLE", "CREATED", "ENDED", "DIGEST", "IMAGE", "WHY", "NOT"]
    assert lines[2].split() == [
        "calm-1aaa", "stable", "2026-01-20T00:00:00Z", "sha256:aaaaaaaaaaaa", "runtime:calm-1aaa"
    ]  # fmt: skip
    assert lines[1].endswith("Broken: 30 of 100 bad")
    assert history_table(()) == "No revision is kept: the operator has made none yet.\n"
