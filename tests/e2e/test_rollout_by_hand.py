"""A person steps into a rollout by the plugin, on a real node under load, and nobody but the person's own
`kubectl apply` writes spec."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hack.demo.kubectl import Kube
from tests.e2e.rollouts import (
    ANYWAY,
    STEP,
    asked,
    changed,
    promising,
    rolling,
    tried,
    wait_for_weights,
    weights,
)
from tests.e2e.testbed import Testbed

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(400)]
NAME = "by-hand"
PLUGIN = Path(sys.prefix) / "bin" / "kubectl-paddle_sla"


@dataclass(frozen=True)
class Person:
    """Types `kubectl paddle_sla VERB by-hand`."""

    kube: Kube

    def asks(self, verb: str, *more: str, refused: bool = False) -> Any:
        """What the plugin prints as JSON; it must end as accepted, or as refused."""
        command = [PLUGIN, "-n", self.kube.namespace, "-o", "json", verb, NAME, *more]
        environment = {**os.environ, "KUBECONFIG": str(self.kube.kubeconfig)}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == int(refused), f"{verb}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def roles(self) -> dict[str, str]:
        """The revisions of the history, each with its role."""
        return {one["revision"]: one["role"] for one in self.asks("history")}


def test_a_person_leads_a_rollout_by_the_plugin_and_spec_stays_as_applied(
    site: Testbed, kube: Kube, record_property: Callable[[str, object], None]
) -> None:
    by_hand = [{"weight": 20, **STEP, "approval": "Manual"}, {"weight": 50, **STEP, "approval": "Manual"}]
    resource = promising(NAME, steps=by_hand, bake={"durationMinutes": 10}, budgetPolicy=ANYWAY)
    person = Person(kube)
    with asked(site, kube, resource) as (old, load):
        new = tried(kube, changed(resource))
        rolling(kube, NAME, "AwaitingApproval")
        assert person.asks("approve")["outcome"] == "Accepted"
        wait_for_weights(kube, NAME, {old: 50, new: 50})
        assert person.asks("promote")["outcome"] == "Accepted"
        rolling(kube, NAME, "Baking")
        assert person.roles() == {old: "previous", new: "stable"}

        assert person.asks("rollback")["outcome"] == "Accepted"
        rolling(kube, NAME, "RolledBack")
        assert weights(kube, NAME) == {old: 100}
        assert person.roles() == {old: "stable", new: "rejected"}

        assert person.asks("retry")["outcome"] == "Accepted"
        wait_for_weights(kube, NAME, {old: 80, new: 20})
        kube.apply(changed(resource).rollout(state="Paused").body)
        rolling(kube, NAME, "RolloutPaused")
        time.sleep(30)  # running, the step would have passed
        assert weights(kube, NAME) == {old: 80, new: 20}
        assert "paused" in person.asks("promote", new, refused=True)["message"]
        kube.apply(changed(resource).rollout(state="Running").body)
        applied = kube.get("pms", NAME)
        rolling(kube, NAME, "AwaitingApproval")
        assert person.asks("abort")["outcome"] == "Accepted"
        rolling(kube, NAME, "Aborted")
        assert weights(kube, NAME) == {old: 100}
        time.sleep(5)
    print(f"{dict(load.outcomes.counts)}, {len(load.outcomes.answered_by(new))} of them by {new}")
    record_property("failed", len(load.outcomes.failed))
    assert load.outcomes.failed == []
    assert untouched(kube, applied)
    kube.delete("pms", NAME)


def untouched(kube: Kube, applied: dict[str, Any]) -> bool:
    """Whether spec and generation are as applied, and nobody but kubectl has written any of spec."""
    found = json.loads(kube.run("get", "pms", NAME, "-o", "json", "--show-managed-fields"))
    writers = {one["manager"] for one in found["metadata"]["managedFields"] if "f:spec" in one["fieldsV1"]}
    assert writers == {"kubectl-client-side-apply"}
    assert found["metadata"]["generation"] == applied["metadata"]["generation"]
    return bool(found["spec"] == applied["spec"])
