"""What a person reads about a service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from paddle_operator.cli.inference import request_of
from paddle_operator.cli.show import answer_lines, conditions_table, service_page, service_table


def a_service(*, generation: int = 1, seen: int = 1, **status: Any) -> dict[str, Any]:
    """A service as the API server gives it."""
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "Serving",
        "message": "2 of 2",
        "observedGeneration": seen,
    }
    return {
        "metadata": {"name": "calm", "namespace": "prod", "generation": generation},
        "status": {
            "observedGeneration": seen,
            "url": "http://ocr.example.com",
            "slaHash": "0123456789abcdef",
            "model": {"state": "Loaded"},
            "stable": {"revision": "calm-1", "replicas": 2, "readyReplicas": 2, "weight": 100},
            "conditions": [ready],
            **status,
        },
    }


def test_a_list_has_one_line_a_service_with_what_matters() -> None:
    head, line = service_table([a_service()]).splitlines()
    assert head.split() == [
        "NAMESPACE", "NAME", "READY", "REASON", "REPLICAS", "STABLE", "CANARY", "WEIGHT", "VERDICT", "URL"
    ]  # fmt: skip
    assert line.split() == ["prod", "calm", "True", "Serving", "2/2", "calm-1", "http://ocr.example.com"]


def test_a_list_shows_who_is_tried_with_the_share_that_it_really_has() -> None:
    canary = {"revision": "calm-2", "weight": 25, "effectiveWeight": 33}
    line = service_table([a_service(canary=canary, rollout={"verdict": "NothingAgainst"})]).splitlines()[1]
    assert line.split()[5:9] == ["calm-1", "calm-2", "33", "NothingAgainst"]


def test_a_first_revision_that_comes_up_is_not_shown_as_a_canary() -> None:
    first = {"revision": "calm-1", "replicas": 1, "readyReplicas": 0, "weight": 100, "effectiveWeight": 0}
    coming = a_service(canary=first, rollout={"state": "Steady", "message": "No revision has served yet."})
    del coming["status"]["stable"]
    line = service_table([coming]).splitlines()[1]
    assert line.split()[4:] == ["0/1", "calm-1", "http://ocr.example.com"]
    page = service_page(coming)
    assert "First    calm-1  0/1 ready, weight 100 (0 in effect)" in page
    assert "Canary" not in page
    assert "promote" not in page
    assert "abort" not in page


def test_a_condition_of_an_older_generation_is_not_taken_for_the_present_one() -> None:
    line = service_table([a_service(generation=2, seen=1)]).splitlines()[1]
    assert "Unknown" in line
    assert "the operator has seen generation 1 of 2" in service_page(a_service(generation=2, seen=1))


def test_a_service_without_a_status_says_where_to_look() -> None:
    fresh = {"metadata": {"name": "calm", "namespace": "prod", "generation": 1}}
    assert "kubectl paddle_sla doctor" in service_page(fresh)
    assert "Unknown" in service_table([fresh])


def test_a_page_shows_both_revisions_while_one_takes_over() -> None:
    canary = {
        "revision": "calm-2",
        "replicas": 2,
        "readyReplicas": 0,
        "weight": 0,
        "modelDigest": "sha256:" + "a" * 64,
    }
    page = service_page(a_service(canary=canary))
    assert "calm-1  2/2 ready, weight 100" in page
    assert "calm-2  0/2 ready, weight 0  sha256:aaaaaaaaaaaa" in page


def test_a_page_shows_a_weight_that_pods_cannot_express_beside_the_true_one() -> None:
    canary = {"revision": "calm-2", "replicas": 1, "readyReplicas": 1, "weight": 25, "effectiveWeight": 33}
    page = service_page(a_service(canary=canary, previous={"revision": "calm-0", "effectiveWeight": 0}))
    assert "Canary    calm-2  1/1 ready, weight 25 (33 in effect)\n" in page
    assert "Previous  calm-0  0/0 ready, weight 0\n" in page


def test_a_page_shows_whose_modules_are_in_the_place_of_the_models() -> None:
    modules = [{"name": "recognition", "digest": "sha256:" + "b" * 64}]
    stable = {"revision": "calm-1", "modelDigest": "sha256:" + "a" * 64, "modules": modules}
    page = service_page(a_service(stable=stable))
    assert "sha256:aaaaaaaaaaaa  recognition sha256:bbbbbbbbbbbb\n" in page


def test_a_page_shows_what_came_of_each_objective() -> None:
    up = {
        "name": "up",
        "promise": "99.9 % of requests answered",
        "source": "Gateway",
        "attainedPercent": "99.95",
        "budgetRemainingPercent": "50.0",
        "burnRate1h": "0.5",
        "unknownMinutes": 7,
    }
    fast = {"name": "fast", "promise": "95 % within 200 ms"}
    page = service_page(a_service(sla={"promise": "both", "objectives": [up, fast]}))
    assert (
        "99.9 % of requests answered: 99.95 % attained at the gateway, 50.0 % of the budget left, burning "
        "0.5 x in the last hour, 7 minutes unknown\n"
    ) in page
    assert "95 % within 200 ms: not measured\n" in page
    asked = service_page(a_service(sla={"promise": "both", "objectives": [{**up, "source": "Synthetic"}]}))
    assert "99.95 % attained by golden requests, " in asked


def test_marks_tell_good_from_bad_also_where_true_is_bad() -> None:
    said = {"Ready": "False", "Stalled": "False", "Reconciling": "True", "SLAMet": "Unknown"}
    table = conditions_table(
        [{"type": t, "status": s, "reason": "R", "message": ""} for t, s in said.items()]
    )
    assert [line[0] for line in table.splitlines()] == ["-", "+", "-", "?"]


def test_a_long_message_is_wrapped_under_its_condition() -> None:
    long = {"type": "Ready", "status": "False", "reason": "InvalidSpec", "message": "word " * 100}
    lines = conditions_table([long]).splitlines()
    assert len(lines) > 3
    assert all(len(line) <= 110 for line in lines)


def test_recognised_lines_come_with_their_scores() -> None:
    assert answer_lines({"lines": [{"text": "发票", "score": 0.98765}]}) == "0.988  发票\n"
    assert answer_lines({"lines": []}) == "no text was found\n"
    box = {"label": "circle", "score": 0.5, "box": [1, 2, 3, 4]}
    assert answer_lines({"objects": [box]}) == "0.500  circle  [1, 2, 3, 4]\n"
    assert answer_lines({"objects": []}) == "no objects were found\n"
    four = {"classes": [{"label": "four", "score": 1}]}
    assert answer_lines({"results": [four, four]}) == "1.000  four\n\n1.000  four\n"
    assert "y  FP32  [1, 10]" in answer_lines(
        {"outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 10]}]}
    )


def test_a_file_goes_where_its_kind_belongs() -> None:
    infer = ("/v2/models/calm/infer", "application/json")
    assert request_of("calm", Path("page.png"), "OCR") == ("/v1/ocr", "image/png")
    assert request_of("calm", Path("shapes.jpg"), "Detection") == ("/v1/detect", "image/jpeg")
    assert request_of("calm", Path("four.png"), "ImageClassification") == ("/v1/classify", "image/png")
    assert request_of("calm", Path("texts.json"), "TextClassification") == (
        "/v1/classify",
        "application/json",
    )
    assert request_of("calm", Path("text.txt"), "TextClassification") == ("/v1/classify", "text/plain")
    for task in ("OCR", "Detection", "ImageClassification", "Tensor"):
        assert request_of("calm", Path("request.json"), task) == infer
