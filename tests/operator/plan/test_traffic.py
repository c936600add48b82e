"""How callers reach a service, and who may."""

from __future__ import annotations

import pytest

from paddle_operator.plan import Platform
from paddle_operator.plan.network_policy import store_port
from paddle_operator.plan.pod import DRAIN_SECONDS
from paddle_operator.plan.route import REQUEST_TIMEOUT, url_of
from paddle_operator.plan.traffic_policy import ATTEMPT_TIMEOUT
from paddle_operator.spec.quantity import bytes_of
from paddle_operator.spec.source import S3, Source
from paddle_operator.spec.workload import Device
from paddle_runtime.settings import env_name, options
from tests.operator.given import EVERY_DEVICE, a_resource, a_service, a_world, kinds, planned, the

PLAIN = Platform({Device.CPU: "runtime-cpu:1"})
WITHOUT_ENVOY = Platform({Device.CPU: "runtime-cpu:1"}, gateway_api=True)


def test_a_plain_service_is_always_there() -> None:
    made = planned(a_service(), platform=PLAIN)
    service = the(made, "Service", "ocr")
    assert service["spec"]["ports"][0]["port"] == 80
    assert service["spec"]["ports"][0]["targetPort"] == "http"
    assert "HTTPRoute" not in kinds(made)


def test_grpc_has_a_port_of_its_own_that_pods_without_one_are_left_out_of() -> None:
    made = planned(a_service(), platform=PLAIN)
    for name in ("ocr", made.stable):
        _, port = the(made, "Service", name)["spec"]["ports"]
        assert (port["port"], port["appProtocol"]) == (8081, "kubernetes.io/h2c")
        assert port["targetPort"] == "grpc"  # by name: pods of an older revision have none
    ingress = the(made, "NetworkPolicy")["spec"]["ingress"][0]["ports"]
    assert [port["port"] for port in ingress] == [8080, 8081]


def test_a_route_leads_to_the_service_of_the_revision_and_names_it() -> None:
    made = planned(a_service(a_resource().through("gw", "ocr.example.com")))
    spec = the(made, "HTTPRoute")["spec"]
    assert spec["hostnames"] == ["ocr.example.com"]
    assert spec["parentRefs"] == [
        {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "gw", "namespace": "infra"}
    ]
    backend = spec["rules"][0]["backendRefs"][0]
    assert backend["name"] == made.stable
    assert backend["filters"] == [
        {
            "type": "ResponseHeaderModifier",
            "responseHeaderModifier": {"set": [{"name": "X-Paddle-Revision", "value": made.stable}]},
        }
    ]


def test_what_runs_the_model_has_a_rule_and_so_counters_of_its_own() -> None:
    counted, beside = the(planned(a_service(a_resource().through("gw"))), "HTTPRoute")["spec"]["rules"]
    assert [(one["path"]["value"], one["method"]) for one in counted["matches"]] == [
        ("/v1", "POST"), ("/v2", "POST"), ("/ocr", "POST"),
    ]  # fmt: skip
    assert not any("method" in one for one in beside["matches"]), "of equal paths the one with a method wins"
    assert {one["path"]["value"] for one in beside["matches"]} > {"/", "/v1", "/v2", "/ocr", "/docs"}
    assert counted["backendRefs"] == beside["backendRefs"]
    assert counted["filters"] == beside["filters"] != []


def test_an_attempt_ends_before_a_draining_pod_does_and_before_the_request_does() -> None:
    assert int(ATTEMPT_TIMEOUT.rstrip("s")) <= DRAIN_SECONDS
    assert int(ATTEMPT_TIMEOUT.rstrip("s")) <= int(REQUEST_TIMEOUT.rstrip("s"))


@pytest.mark.parametrize("platform", [PLAIN, WITHOUT_ENVOY])
def test_what_the_cluster_does_not_know_is_not_made(platform: Platform) -> None:
    made = kinds(planned(a_service(a_resource().through("gw")), platform=platform))
    assert ("HTTPRoute" in made) is platform.gateway_api
    assert "BackendTrafficPolicy" not in made


def test_a_route_that_is_no_longer_asked_for_goes_with_its_policy() -> None:
    world = a_world(a_resource().through("gw")).settles()
    assert ("BackendTrafficPolicy", "ocr") in world.objects
    world.wants(a_resource()).reconcile()
    assert not {kind for kind, _ in world.objects} & {"HTTPRoute", "BackendTrafficPolicy"}


def test_a_dead_pod_is_tried_around_and_a_full_service_is_not_buried() -> None:
    policy = the(planned(a_service(a_resource().through("gw"))), "BackendTrafficPolicy")["spec"]
    assert {"connect-failure", "reset"} <= set(policy["retry"]["retryOn"]["triggers"])
    assert policy["retry"]["retryOn"]["httpStatusCodes"] == [503]
    assert policy["retry"]["numRetries"] <= 3
    assert policy["circuitBreaker"]["maxParallelRetries"] <= 64


def test_a_picture_can_be_sent_twice_on_any_gateway() -> None:
    policy = the(planned(a_service(a_resource().through("gw"))), "BackendTrafficPolicy")["spec"]
    largest = {env_name(name): default for name, default, _ in options()}["PADDLE_RUNTIME_MAX_BODY_BYTES"]
    assert bytes_of(policy["requestBuffer"]["limit"]) > largest


def test_a_pod_that_sheds_load_is_not_left_out_and_one_that_is_gone_is() -> None:
    policy = the(planned(a_service(a_resource().through("gw"))), "BackendTrafficPolicy")["spec"]
    passive = policy["healthCheck"]["passive"]
    assert passive["splitExternalLocalOriginErrors"] is True
    assert passive["consecutiveLocalOriginFailures"] < 5
    assert passive["consecutive5XxErrors"] >= 1000


@pytest.mark.parametrize(
    ("resource", "platform", "url"),
    [
        (a_resource().through("gw", "ocr.example.com"), EVERY_DEVICE, "http://ocr.example.com"),
        (a_resource().through("gw", "ocr.example.com"), PLAIN, "http://ocr.prod.svc"),
        (a_resource().through("gw"), EVERY_DEVICE, "http://ocr.prod.svc"),
        (a_resource(), EVERY_DEVICE, "http://ocr.prod.svc"),
    ],
)
def test_the_address_is_one_that_works(resource: object, platform: Platform, url: str) -> None:
    assert url_of(a_service(resource), gateway_api=platform.gateway_api) == url  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("uri", "endpoint", "port"),
    [
        ("s3://b/p", "http://store:7070", 7070),
        ("s3://b/p", "http://store", 80),
        ("s3://b/p", "https://store", 443),
        ("s3://b/p", "https://store:65535/", 65535),
        ("https://models.example.com/p/", "", 443),
        ("https://models.example.com:8443/p/", "", 8443),
        ("pvc://claim/p", "", None),
        ("builtin:ppocr", "", None),
    ],
)
def test_pods_may_reach_the_port_of_their_store(uri: str, endpoint: str, port: int | None) -> None:
    assert store_port(Source(uri=uri, s3=S3(endpoint=endpoint) if endpoint else None)) == port


def test_pods_may_reach_names_and_their_stores_and_nothing_else() -> None:
    egress = the(planned(a_service()), "NetworkPolicy")["spec"]["egress"]
    assert [[port["port"] for port in rule["ports"]] for rule in egress] == [[53, 53], [7070]]
    two = a_resource().with_module("recognition", "https://models.example.com:8443/mine/")
    egress = the(planned(a_service(two)), "NetworkPolicy")["spec"]["egress"]
    assert [[port["port"] for port in rule["ports"]] for rule in egress] == [[53, 53], [7070, 8443]]
    builtin = planned(a_service(a_resource().reading("builtin:ppocr")))
    assert len(the(builtin, "NetworkPolicy")["spec"]["egress"]) == 1


def test_a_pod_of_the_old_revision_may_still_fetch_while_the_new_one_starts() -> None:
    world = a_world().settles()
    world.wants(a_resource().reading("https://models.example.com:8443/p/")).reconcile()
    ports = world.objects[("NetworkPolicy", "ocr")]["spec"]["egress"][1]["ports"]
    assert [port["port"] for port in ports] == [7070, 8443]


def test_everything_belongs_to_the_resource_and_to_its_namespace() -> None:
    made = planned(a_service(a_resource().through("gw")))
    for item in made.objects:
        owner = item["metadata"]["ownerReferences"][0]
        assert (owner["name"], owner["controller"], owner["blockOwnerDeletion"]) == ("ocr", True, False)
        assert item["metadata"]["namespace"] == "prod"
        assert item["metadata"]["labels"]["serving.paddle-sla.io/service"] == "ocr"
