"""The block `spec.rollout`: how a new revision earns the traffic of the one that serves."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from paddle_operator.spec.base import Block, DecimalText, SubdomainName

Weight = Annotated[int, Field(ge=1, le=99)]
StepSeconds = Annotated[int, Field(ge=0, le=86_400)]


class Strategy(StrEnum):
    """How a revision takes over."""

    CANARY = "Canary"
    BLUE_GREEN = "BlueGreen"
    RECREATE = "Recreate"


class Surge(StrEnum):
    """Whether the pods of a new revision come beside those that serve, or in their place."""

    AUTO = "Auto"
    SURGE = "Surge"
    ONE_BY_ONE = "OneByOne"


class RolloutState(StrEnum):
    """Whether weights may move."""

    RUNNING = "Running"
    PAUSED = "Paused"


class Approval(StrEnum):
    """Who lets a rollout leave a step."""

    AUTOMATIC = "Automatic"
    MANUAL = "Manual"


class OnRegression(StrEnum):
    """What follows when a canary is worse than the stable revision, and keeps the promise."""

    HOLD = "Hold"
    ROLLBACK = "Rollback"
    IGNORE = "Ignore"


class OnDoubt(StrEnum):
    """What follows when nothing can be said for certain."""

    HOLD = "Hold"
    ROLLBACK = "Rollback"


class KeepPrevious(StrEnum):
    """What becomes of the pods that served before, during the bake."""

    WARM = "Warm"
    NONE = "None"


class Override(StrEnum):
    """Whether a rollout goes on against the budget."""

    NONE = "None"
    REPAIR = "Repair"


class Step(Block):
    """A share of the requests, and how long the canary is judged with it."""

    weight: Weight
    """Percentage of the requests that the canary takes."""
    min_duration_seconds: StepSeconds = 120
    """Least time in the step, in seconds."""
    max_duration_seconds: Annotated[int, Field(ge=1, le=86_400)] = 1800
    """Most time in the step, in seconds; then `analysis.onUnproven` decides. The time does not run while the
    rollout is held for an incident that the stable revision shares, for lost metrics, for a person, or while
    it is paused."""
    approval: Approval = Approval.AUTOMATIC
    """Automatic: the step is left when it has passed. Manual: then a person is waited for as well, who says
    so by the annotation serving.paddle-sla.io/request: approve/REVISION/NONCE."""


class GoldenSet(Block):
    """Where inputs with their expected outputs are."""

    config_map: Annotated[SubdomainName, Field(alias="configMap")]
    """Name of a ConfigMap in the namespace of the resource."""


class Shadow(Block):
    """Copies of real requests, which both revisions answer before a caller gets an answer of the new one."""

    sample_percent: Annotated[int, Field(ge=1, le=100)] = 10
    """Percentage of the requests that the gateway copies. Each copy that is compared is computed twice more;
    what the comparison has no time for is dropped."""
    requests: Annotated[int, Field(ge=1, le=10_000)] = 50
    """How many answers are compared; then it has passed."""
    timeout_seconds: Annotated[int, Field(ge=10, le=86_400)] = 600
    """Time in which so many have to be compared, in seconds."""


class Preflight(Block):
    """What a canary is asked before anybody else asks it."""

    golden_set_ref: GoldenSet | None = None
    """Inputs that are sent to the new pods before they take any traffic. Absent: none, but what the bundle
    itself knows is asked of the same model on another device."""
    max_text_error_percent: DecimalText = "1.0"
    """Greatest percentage of characters that may differ from the expected text, as a decimal string."""
    max_label_error_percent: DecimalText = "0"
    """Greatest percentage of first labels that may differ from the expected ones, as a decimal string."""
    max_box_error_percent: DecimalText = "10"
    """Greatest part of a box, in percent, that may not overlap the expected one (100 less intersection over
    union), as a decimal string."""
    max_abs_error: DecimalText = "0.001"
    """Greatest difference of a number in a tensor, or of a score, from the expected one, as a decimal string.
    """
    shadow: Shadow | None = None
    """Copies of real requests that are compared as well. Needs routing of type GatewayAPI, and a strategy
    with which the pods that serve stay meanwhile. Absent: none."""


class Analysis(Block):
    """How a canary is judged. The promise itself is spec.sla."""

    interval_seconds: Annotated[int, Field(ge=5, le=300)] = 15
    """How often the counts are read, in seconds."""
    false_rollback_percent: DecimalText = "1"
    """Greatest chance that a canary which keeps the promise is rolled back on evidence, over all looks
    together, as a decimal string above 0 and at most 20."""
    promotion_confidence_percent: DecimalText = "95"
    """Confidence with which a canary is proven before it is promoted, as a decimal string, at least 50 and
    below 100."""
    tolerance_factor: DecimalText = "2"
    """Proven means: it spends less than so many times the budget. A decimal string from 1 to 10. Closer to 1
    more requests are needed."""
    min_requests: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Least requests that the canary must have been sent in a step before it passes, besides those that the
    proof needs. 0: as many as let half a request be bad, 500 for 99.9 %."""
    on_regression_within_sla: Annotated[OnRegression, Field(alias="onRegressionWithinSLA")] = (
        OnRegression.HOLD
    )
    """What follows when the canary is worse than the stable revision, and keeps the promise. Hold: the weight
    stays until a person decides. Ignore: the promise alone decides, also where the canary refuses requests
    (4xx) that the stable revision takes."""
    on_unproven: OnDoubt = OnDoubt.ROLLBACK
    """What follows when a step has not passed, or the last one not proven the canary, within its
    maxDurationSeconds. Rollback: the canary loses its traffic; it is said to be unproven, not bad."""
    on_metrics_unavailable: OnDoubt = OnDoubt.HOLD
    """What follows when the counts cannot be read. Hold: the weight stays and the time stands still."""
    max_budget_spend_percent: DecimalText = "10"
    """Greatest percentage of the window's budget that a rollout may spend, as a decimal string above 0 and at
    most 100; beyond it the canary is rolled back. Only what it fails more often than the stable revision
    counts."""


class Bake(Block):
    """The time after a promotion in which it can be taken back at once."""

    duration_minutes: Annotated[int, Field(ge=0, le=10_080)] = 30
    """How long it is, in minutes. 0: there is none."""
    keep_previous: KeepPrevious = KeepPrevious.WARM
    """Warm: the pods that served before stay as they are, and take the traffic back when the budget burns
    fast. None: they go after the promotion, and nothing is taken back."""


class BudgetPolicy(Block):
    """Whether a rollout may begin, by how much of the budget is left."""

    block_below_percent: DecimalText = "0"
    """With less than this percentage of the budget left no rollout begins, as a decimal string."""
    manual_below_percent: DecimalText = "10"
    """With less than this percentage left a person must approve each rollout, as a decimal string."""
    override: Override = Override.NONE
    """Repair: the rollout may begin all the same, since it is the repair. Set it back afterwards."""


_DEFAULT_STEPS = (Step(weight=5), Step(weight=25), Step(weight=50))


class Rollout(Block):
    """How a changed model, image or setting of the runtime takes over: it earns its traffic."""

    strategy: Strategy = Strategy.CANARY
    """Canary: in steps, with proof. BlueGreen: all at once, after the preflight, with the previous revision
    warm. Recreate: the old pods go before the new ones come, so nobody serves meanwhile."""
    surge: Surge = Surge.AUTO
    """Where the pods of a Canary or BlueGreen come. Surge: beside those that serve; one that finds no room
    waits for a node. OneByOne: in their place, one after the other. Auto: beside them; on accelerators, where
    there is no room for that, in their place. What it costs is said in the status before anything is done."""
    state: RolloutState = RolloutState.RUNNING
    """Paused: no weight moves to the canary; the analysis goes on and what it finds is told. A canary without
    a ready pod, and one on which the verdict is Broken, loses its weight all the same; and requests whose
    pods are gone go to who is ready, the canary too."""
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=10)] = _DEFAULT_STEPS
    """The shares of a Canary, ascending; after the last one it is promoted, if it is proven."""
    preflight: Preflight = Preflight()
    """What the new pods are asked before they take any traffic."""
    analysis: Analysis = Analysis()
    """How a canary is judged."""
    bake: Bake = Bake()
    """How long a promotion can be taken back."""
    budget_policy: BudgetPolicy = BudgetPolicy()
    """Whether a rollout may begin, by how much of the budget is left."""
    revision_history_limit: Annotated[int, Field(ge=0, le=20)] = 5
    """Revisions that served before and are kept without pods, to go back to."""
