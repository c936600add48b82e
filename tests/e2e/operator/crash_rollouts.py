"""Rollouts that a service lives through in a crash sweep: to every end, by hand, and by each strategy."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from hack.demo.kubectl import Kube, eventually
from paddle_operator.names import sla_record_name
from sweep.paper import NOW, patch_status
from sweep.story import Subject
from tests.e2e.operator.crash_story import NAME, WAIT_SECONDS, Life
from tests.e2e.operator.moved_clock import BEGIN
from tests.e2e.operator.paper_pods import answers_agree, become_ready, resolve
from tests.e2e.operator.paper_prometheus import PaperPrometheus, Traffic
from tests.e2e.operator.resources import paper
from tests.e2e.rollouts import wait_for_weights, weights

SPEC: dict[str, Any] = {
    "sla": {
        "objectives": [{"name": "up", "availability": {"targetPercent": "90"}}],
        "synthetic": {"requests": "None"},  # nobody answers at a cluster address
    },
    "routing": {"type": "GatewayAPI", "parentRefs": [{"name": "paper"}], "hostnames": ["calm.example.com"]},
    "rollout": {
        "steps": [{"weight": 10, "minDurationSeconds": 30}, {"weight": 50, "minDurationSeconds": 30}],
    },
}
GOLDEN = "golden"
ACCEPTED = [
    {
        "type": kind,
        "status": "True",
        "reason": kind,
        "message": "",
        "lastTransitionTime": NOW,
        "observedGeneration": 1000,
    }
    for kind in ("Accepted", "ResolvedRefs")
]
PARENTS = [{"parentRef": {"name": "paper"}, "controllerName": "example.com/paper", "conditions": ACCEPTED}]
"""A gateway of paper takes each generation of the route, before it is written."""


@dataclass
class Rollouts(Life):
    """Canaries behind a gateway of paper, judged by a Prometheus of paper."""

    prometheus: PaperPrometheus = field(default_factory=PaperPrometheus)
    strategy: str = "Canary"
    surge: str = "Auto"
    golden: bool = False
    bake_minutes: int = 1

    def settings(self) -> dict[str, str]:
        return {"PROMETHEUS_URL": self.prometheus.url}

    def made_and_deleted(self) -> Subject:
        """A service with a route and a rollout: the writes that make it are struck, too."""
        return self.subject(self.made_and_counted, self.deleted)

    def promoted(self) -> Subject:
        """Each step of a good canary, its promotion, its bake, the end of who served before."""
        return self.subject(
            self.made, self.good_canary, self.half, self.promotion, self.bake_over,
            self.old_one_gone, self.deleted, first=1,
        )  # fmt: skip

    def rolled_back(self) -> Subject:
        """A canary that is bad, and the spec that goes back to who serves."""
        return self.subject(
            self.made, self.bad_canary, self.condemned, self.old_one_gone, self.withdrawn,
            self.deleted, first=1,
        )  # fmt: skip

    def by_hand(self) -> Subject:
        """A person promotes the canary, and goes back."""
        return self.subject(
            self.made, self.good_canary, self.promoted_by_hand, self.sent_back, self.old_one_gone,
            self.deleted, first=2,
        )  # fmt: skip

    def left_in_its_bake(self) -> Subject:
        """What a person promoted burns the budget and gives its requests back, and the spec goes back."""
        long = replace(self, bake_minutes=10)
        return long.subject(
            long.made, long.burning_canary, long.promoted_by_hand, long.given_back, long.old_one_gone,
            long.withdrawn, long.deleted, first=3,
        )  # fmt: skip

    def one_by_one(self) -> Subject:
        """The old pod ends before the new one starts and serves alone, as on a node with one device."""
        told = replace(self, surge="OneByOne")
        return told.subject(
            told.made, told.in_its_place, told.second_step, told.promotion, told.bake_over,
            told.deleted, first=1,
        )  # fmt: skip

    def asked_before(self) -> Subject:
        """A Job asks the golden set before the canary takes its first share."""
        told = replace(self, golden=True)
        return told.subject(told.made, told.asked_canary, told.withdrawn, told.deleted, first=1)

    def all_at_once(self) -> Subject:
        """The new revision has all its pods before it takes all requests; the old one stays warm."""
        told = replace(self, strategy="BlueGreen")
        return told.subject(
            told.made, told.in_its_place, told.bake_over, told.old_one_gone, told.deleted, first=1
        )

    def recreated(self) -> Subject:
        """The old pods end before the new ones start."""
        told = replace(self, strategy="Recreate")
        return told.subject(
            told.made, told.in_its_place, told.looked_at, told.old_one_gone, told.deleted, first=1
        )

    def service(self, **runtime: int) -> dict[str, Any]:
        bake = {"durationMinutes": self.bake_minutes}
        rollout = {**SPEC["rollout"], "strategy": self.strategy, "surge": self.surge, "bake": bake}
        if self.golden:
            rollout["preflight"] = {"goldenSetRef": {"configMap": GOLDEN}}
        return paper(NAME, **{**SPEC, "rollout": rollout}, **runtime)

    def made(self, namespace: str) -> None:
        kube = self.kube(namespace)
        if self.golden:  # read by the Job's program, which is of paper here
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": GOLDEN}}
            kube.apply({**body, "data": {"golden.json": "{}"}})
        kube.apply(self.service())
        resolve(kube, NAME)
        first = self.comes_up(kube, good=20)
        created = ("--for=create", f"--timeout={WAIT_SECONDS:g}s")
        kube.run("wait", f"httproute/{NAME}", *created, timeout=WAIT_SECONDS + 10)
        patch_status(kube, "httproute", NAME, {"parents": PARENTS}, merged="merge")
        kube.wait_condition(NAME, "Ready", "True", timeout=WAIT_SECONDS)
        self.stable[namespace] = first

    def good_canary(self, namespace: str) -> None:
        self.canary(namespace, good=20)

    def bad_canary(self, namespace: str) -> None:
        self.canary(namespace, good=10, bad=10)

    def burning_canary(self, namespace: str) -> None:
        self.canary(namespace, good=2, bad=18)

    def canary(self, namespace: str, **traffic: int) -> None:
        kube = self.kube(namespace)
        kube.apply(self.service(queue=65))
        self.comes_up(kube, **traffic)
        self.shares(kube, 90, 10)

    def asked_canary(self, namespace: str) -> None:
        kube = self.kube(namespace)
        kube.apply(self.service(queue=65))
        self.comes_up(kube, good=20)
        jobs = eventually(lambda: kube.list("jobs") or None, WAIT_SECONDS, "the Job that asks")
        answers_agree(kube, jobs[0]["metadata"]["name"])
        self.shares(kube, 90, 10)

    def in_its_place(self, namespace: str) -> None:
        kube = self.kube(namespace)
        kube.apply(self.service(queue=65))
        self.takes_all(kube, self.comes_up(kube, good=20))

    def comes_up(self, kube: Kube, *, good: int = 0, bad: int = 0) -> str:
        """The new revision's pod gets ready, and is asked so much each second."""
        new = eventually(lambda: self.new_revision(kube), WAIT_SECONDS, "a revision that is new")
        since = BEGIN + timedelta(seconds=self.seconds(kube.namespace))
        self.prometheus.pods[kube.namespace, new] = Traffic(since, good, bad)
        become_ready(kube, new)
        return new

    def looked_at(self, namespace: str) -> None:
        """Late writes come here: who is kept without pods already would retire for half a minute more."""
        self.kube(namespace).run("annotate", "pms", NAME, "looked-at=again", "--overwrite")

    def made_and_counted(self, namespace: str) -> None:
        """What was counted and could not be written is written with what is counted next."""
        self.made(namespace)
        self.pass_a_minute(kube := self.kube(namespace))
        record = sla_record_name(NAME)
        kube.run("wait", f"configmap/{record}", "--for=create", "--timeout=60s", timeout=70)
        kube.wait_condition(NAME, "MetricsAvailable", "True", timeout=WAIT_SECONDS)  # a look since then

    def half(self, namespace: str) -> None:
        self.pass_a_minute(kube := self.kube(namespace))
        self.shares(kube, 50, 50)

    def second_step(self, namespace: str) -> None:
        self.pass_a_minute(kube := self.kube(namespace))
        self.rolls(kube, step=2)

    def promotion(self, namespace: str) -> None:
        self.pass_a_minute(kube := self.kube(namespace))
        self.rolls(kube, state="Baking")
        self.takes_all(kube, self.new_revision(kube))

    def bake_over(self, namespace: str) -> None:
        kube = self.kube(namespace)
        self.pass_a_minute(kube)
        self.rolls(kube, state="Steady")

    def old_one_gone(self, namespace: str) -> None:
        """Who takes no requests any more is kept without pods."""
        kube = self.kube(namespace)
        self.pass_a_minute(kube)

        def emptied() -> bool | None:
            return 0 in [one["spec"]["replicas"] for one in kube.list("deployments")] or None

        eventually(emptied, WAIT_SECONDS, lambda: kube.run("get", "deployments", "-o", "yaml"))

    def condemned(self, namespace: str) -> None:
        kube = self.kube(namespace)
        self.pass_a_minute(kube)
        self.rolls(kube, state="RolledBack")
        self.takes_all(kube, self.stable[namespace])

    def withdrawn(self, namespace: str) -> None:
        kube = self.kube(namespace)
        kube.apply(self.service())
        self.rolls(kube, state="Steady")

    def promoted_by_hand(self, namespace: str) -> None:
        kube = self.kube(namespace)
        new = self.new_revision(kube)
        self.asks(kube, f"promote/{new}/1")
        self.rolls(kube, state="Baking")
        self.takes_all(kube, new)

    def given_back(self, namespace: str) -> None:
        """The one before takes over, and the other one waits for the budget that it burned."""
        self.pass_a_minute(kube := self.kube(namespace))  # counted from its first look on
        eventually(
            lambda: "counters" in kube.get("configmap", f"{NAME}-rollout")["data"]["rollout.json"] or None,
            WAIT_SECONDS,
            "a first look at the bake that is written down",
        )
        self.pass_a_minute(kube)
        self.rolls(kube, state="Blocked", hold="BudgetBlocked")
        self.takes_all(kube, self.stable[namespace])

    def sent_back(self, namespace: str) -> None:
        kube = self.kube(namespace)
        self.asks(kube, f"rollback/{self.stable[namespace]}/2")
        self.rolls(kube, state="RolledBack")
        self.takes_all(kube, self.stable[namespace])

    def asks(self, kube: Kube, text: str) -> None:
        kube.run("annotate", "pms", NAME, f"serving.paddle-sla.io/request={text}", "--overwrite")

    def rolls(self, kube: Kube, **wanted: str | int) -> None:
        """The rollout's status says so."""

        def there() -> bool | None:
            return wanted.items() <= kube.get("pms", NAME)["status"]["rollout"].items() or None

        eventually(there, WAIT_SECONDS, lambda: f"{wanted}: {kube.run('get', 'pms', NAME, '-o', 'yaml')}")

    def takes_all(self, kube: Kube, revision: str | None) -> None:
        wait_for_weights(kube, NAME, {revision or "": 100}, WAIT_SECONDS)

    def shares(self, kube: Kube, *percent: int) -> None:
        def there() -> bool | None:
            return [*weights(kube, NAME).values()] == [*percent] or None

        eventually(there, WAIT_SECONDS, lambda: f"{percent}: {kube.run('get', 'pms', NAME, '-o', 'yaml')}")
