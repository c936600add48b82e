"""Which revision is meant."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from paddle_operator.cli.rollout.choice import NoChoice, revision_meant, wanted_rejected
from paddle_operator.cli.rollout.kept import Kept
from paddle_operator.rollout.request import Verb
from tests.operator.cli.rollout.a_desk import a_service

OF_CANARY = (Verb.PROMOTE, Verb.ABORT, Verb.APPROVE)
OLDEST = Kept("calm-0aaa", "history", ended="2026-01-01T00:00:00Z")
OLD = Kept("calm-0abb", "history", ended="2026-02-01T00:00:00Z")
BAD = Kept("calm-0bad", "rejected", ended="2026-03-01T00:00:00Z", rejected="Broken: 30 % of errors")
WORSE = Kept("calm-0bbb", "rejected", ended="2026-03-02T00:00:00Z", rejected="Aborted")
SERVING = Kept("calm-1aaa", "stable", "2026-04-01T00:00:00Z")
ALL = (OLDEST, OLD, BAD, WORSE, SERVING)


def rejected(*names: str) -> list[dict[str, Any]]:
    return [{"revision": name, "reason": "Broken"} for name in names]


@pytest.mark.parametrize("verb", OF_CANARY)
def test_what_concerns_a_canary_means_the_canary(verb: Verb) -> None:
    assert revision_meant(verb, "", a_service(), ()) == "calm-2bbb"
    assert revision_meant(verb, "calm-2bbb", a_service(), ()) == "calm-2bbb"
    assert revision_meant(verb, "2b", a_service(), ()) == "calm-2bbb"
    assert revision_meant(verb, "calm-2", a_service(), ()) == "calm-2bbb"


@pytest.mark.parametrize("verb", OF_CANARY)
def test_what_may_not_begin_yet_is_meant_though_nothing_of_it_runs(verb: Verb) -> None:
    blocked = {"state": "Blocked", "revision": "calm-2bbb"}
    assert revision_meant(verb, "", a_service(canary=None, rollout=blocked), ()) == "calm-2bbb"
    serving = {"state": "Steady", "revision": "calm-1aaa"}
    with pytest.raises(NoChoice, match="no canary of calm is under way"):
        revision_meant(verb, "", a_service(canary=None, rollout=serving), ())


@pytest.mark.parametrize("verb", OF_CANARY)
def test_a_first_revision_is_no_canary(verb: Verb) -> None:
    with pytest.raises(NoChoice, match=f"no canary of calm is under way, so there is nothing to {verb}"):
        revision_meant(verb, "", a_service(stable=None), ())


@pytest.mark.parametrize("verb", OF_CANARY)
def test_nobody_is_promoted_by_a_name_that_is_not_the_canarys(verb: Verb) -> None:
    with pytest.raises(NoChoice, match="'calm-1aaa' names none of these revisions:\n  calm-2bbb"):
        revision_meant(verb, "calm-1aaa", a_service(), ())


@pytest.mark.parametrize("verb", OF_CANARY)
def test_without_a_canary_it_is_said_how_to_take_a_promotion_back(verb: Verb) -> None:
    for service in (a_service(canary=None), {"metadata": {"name": "calm"}, "spec": {"rollout": {}}}):
        with pytest.raises(NoChoice, match=r"no canary of calm is under way.* paddle_sla rollback calm"):
            revision_meant(verb, "", service, ALL)
    with pytest.raises(NoChoice, match=f"so there is nothing to {verb}$"):
        revision_meant(verb, "", a_service(canary=None), (SERVING,))


def test_a_rollback_means_who_served_before_while_that_is_warm() -> None:
    previous = Kept("calm-0ccc", "previous", "2026-03-03T00:00:00Z")
    service = a_service(previous={"revision": "calm-0ccc"})
    assert revision_meant(Verb.ROLLBACK, "", service, (*ALL, previous)) == "calm-0ccc"


def test_a_rollback_means_the_only_revision_that_is_kept() -> None:
    assert revision_meant(Verb.ROLLBACK, "", a_service(), (OLDEST, BAD, SERVING)) == "calm-0aaa"


def test_a_rollback_to_the_one_that_serves_is_an_end_of_the_canary() -> None:
    for kept in (ALL, (SERVING,)):
        with pytest.raises(NoChoice) as told:
            revision_meant(Verb.ROLLBACK, "1aaa", a_service(), kept)
        assert str(told.value) == (
            "calm-1aaa serves; to end calm-2bbb beside it: kubectl paddle_sla abort calm"
        )
    with pytest.raises(NoChoice, match=r"^calm-1aaa serves$"):
        revision_meant(Verb.ROLLBACK, "1aaa", a_service(canary=None), ALL)


def test_a_rollback_leads_to_the_one_that_serves_where_it_has_no_ready_pod_and_another_one_takes_over() -> (
    None
):
    service = a_service()
    service["status"]["stable"] = {**service["status"]["stable"], "readyReplicas": 0}
    for said in ("1aaa", ""):
        assert revision_meant(Verb.ROLLBACK, said, service, (SERVING,)) == "calm-1aaa"


def test_a_rollback_among_several_lists_them_newest_first_and_never_a_rejected_or_serving_one() -> None:
    with pytest.raises(NoChoice) as told:
        revision_meant(Verb.ROLLBACK, "", a_service(), ALL)
    assert str(told.value).splitlines() == [
        "rollback: name one of these revisions:",
        "  calm-0abb  history since 2026-02-01T00:00:00Z",
        "  calm-0aaa  history since 2026-01-01T00:00:00Z",
    ]
    later = Kept("calm-0acc", "history", created="2026-03-05T00:00:00Z")
    with pytest.raises(NoChoice, match="\n  calm-0acc  history, created 2026-03-05T00:00:00Z"):
        revision_meant(Verb.ROLLBACK, "", a_service(), (OLD, later))


@pytest.mark.parametrize(
    ("said", "how_many"),
    [("0a", "several"), ("calm-0a", "several"), ("calm-0bad", "none")],
)
def test_a_rollback_to_a_name_that_is_not_one_of_them_says_so(said: str, how_many: str) -> None:
    with pytest.raises(NoChoice, match=f"'{said}' names {how_many} of these revisions:\n  calm-0abb"):
        revision_meant(Verb.ROLLBACK, said, a_service(), ALL)


@pytest.mark.parametrize("verb", [Verb.ROLLBACK, Verb.RETRY, Verb.ABORT])
@pytest.mark.parametrize("said", ["calm-9999", "x", "calm", "calm-", "other-0abb"])
def test_a_name_that_is_no_revision_is_said_to_be_unknown(verb: Verb, said: str) -> None:
    with pytest.raises(
        NoChoice, match=f"^{verb}: calm has no revision '{said}'; name one of these revisions:"
    ):
        revision_meant(verb, said, a_service(), ALL)


def test_a_name_that_is_no_revision_is_unknown_also_where_nothing_is_kept() -> None:
    with pytest.raises(
        NoChoice, match=r"^calm has no revision 'calm-9999', and no revision that served before"
    ):
        revision_meant(Verb.ROLLBACK, "calm-9999", a_service(), (SERVING,))
    with pytest.raises(NoChoice, match=r"^no revision that served before is kept"):
        revision_meant(Verb.ROLLBACK, "", a_service(), (SERVING,))


def test_the_beginning_of_a_hash_is_enough_where_only_one_begins_so() -> None:
    assert revision_meant(Verb.ROLLBACK, "0ab", a_service(), ALL) == "calm-0abb"


def test_a_whole_name_wins_over_the_beginning_of_another_hash() -> None:
    longer = Kept("calm-calm-0aaa", "history", "2026-05-01T00:00:00Z")
    assert revision_meant(Verb.ROLLBACK, "calm-0aaa", a_service(), (OLDEST, longer)) == "calm-0aaa"


def test_without_anything_kept_a_rollback_says_what_keeps_revisions() -> None:
    with pytest.raises(NoChoice, match=r"spec\.rollout\.revisionHistoryLimit"):
        revision_meant(Verb.ROLLBACK, "calm-0aaa", a_service(), (SERVING,))
    with pytest.raises(NoChoice, match="calm-0bad is rejected, and is tried again by kubectl"):
        revision_meant(Verb.ROLLBACK, "", a_service(), (BAD, SERVING))


@pytest.mark.parametrize("kept", [(SERVING,), (OLD, SERVING)])
def test_without_a_rollout_nobody_is_asked_to_go_back(kept: tuple[Kept, ...]) -> None:
    """What was remembered went with it, and nobody would answer."""
    service = a_service()
    del service["spec"]["rollout"]
    with pytest.raises(NoChoice, match=r"^calm has no rollout to go back by: apply the resource as it was"):
        revision_meant(Verb.ROLLBACK, "", service, kept)


def test_a_retry_means_the_rejected_revision_that_the_resource_asks_for() -> None:
    two = rejected("calm-0bad", "calm-0bbb")
    wanted = a_service(rejectedRevisions=two, rollout={"revision": "calm-0bad"})
    assert revision_meant(Verb.RETRY, "", wanted, ALL) == "calm-0bad"
    with pytest.raises(NoChoice, match="rejected since 2026-03-01T00:00:00Z  Broken: 30 % of errors"):
        revision_meant(Verb.RETRY, "", a_service(rejectedRevisions=two), ALL)
    without_a_reason = Kept("calm-0bad", "rejected")
    assert revision_meant(Verb.RETRY, "", a_service(), (without_a_reason,)) == "calm-0bad"
    another = a_service(rejectedRevisions=rejected("calm-0bad"), rollout={"revision": "calm-0ccc"})
    with pytest.raises(NoChoice, match="retry: name one of these revisions:\n  calm-0bbb"):
        revision_meant(Verb.RETRY, "", another, ALL)
    with pytest.raises(NoChoice, match="no revision of calm is rejected"):
        revision_meant(Verb.RETRY, "", a_service(), (OLD, SERVING))


def test_a_rollback_never_means_by_itself_who_left_its_bake() -> None:
    burned = replace(OLD, left="FastBurn: 91 of 114 bad")
    service = a_service(canary=None)
    assert revision_meant(Verb.ROLLBACK, "", service, (OLDEST, burned, SERVING)) == OLDEST.revision
    assert revision_meant(Verb.ROLLBACK, "0abb", service, (OLDEST, burned, SERVING)) == burned.revision
    with pytest.raises(
        NoChoice, match=f"^{burned.revision} gave its requests back in its bake, and no other"
    ):
        revision_meant(Verb.ROLLBACK, "", service, (burned, SERVING))


def test_the_wanted_revision_is_only_told_where_it_is_rejected() -> None:
    assert wanted_rejected({"rejectedRevisions": rejected("a"), "rollout": {"revision": "b"}}) == ""
    assert wanted_rejected({"rejectedRevisions": rejected("a"), "rollout": {}}) == "a"
    assert wanted_rejected({"rejectedRevisions": rejected("a", "b"), "rollout": {"revision": "c"}}) == ""
    assert wanted_rejected({"rollout": {"revision": "c"}}) == ""
