"""What a ModelSLAReport says. The same types write, keep and read it.

Numbers are whole or decimal strings. Percentages are rounded against us: what was attained down, what was
spent up. Lists are bounded, and beside each that was cut short is how many items are left out.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from paddle_operator.spec.base import Block, FrozenAs, FrozenJson, list_map
from paddle_operator.spec.report import Condition, Count, CountedAt, Name, Text

MAX_OBJECTIVES, MAX_REVISIONS, MAX_INCIDENTS, MAX_STRETCHES, MAX_STEPS, MAX_QUERIES = 8, 12, 50, 100, 128, 8
MAX_CHANGES = 20
OTHERS = "others"
"""Stands for all revisions beyond the largest ones."""
Moment = Annotated[str, Field(max_length=32, json_schema_extra={"format": "date-time"})]
"""RFC 3339, in UTC."""
Decimal = Annotated[str, Field(max_length=32, pattern=r"^-?[0-9]+(\.[0-9]+)?$")]
DIGEST_FORM = r"^(sha256:[0-9a-f]{64})?$"
Steps = Annotated[tuple[Count, ...], Field(max_length=MAX_STEPS)]


class Written(Block):
    """A block that the operator makes itself, by its Python names."""

    model_config = ConfigDict(populate_by_name=True)


class Span(Written):
    """The time that the report covers."""

    start: Moment
    """First moment."""
    end: Moment
    """First moment that no longer counts."""
    observed_from: Moment
    """First moment of which anything is said: the service's creation where that is later than start."""


class ReportedService(Written):
    """The service as it was when the report was made."""

    name: Name
    """Its name."""
    uid: Name = ""
    """Its uid: another one of the same name is another service."""
    generation: Count = 0
    """Its metadata.generation."""


class OutcomeCounts(Written):
    """Requests by outcome, within the time that counts."""

    good: Count = 0
    """Answered."""
    bad: Count = 0
    """Failed."""
    refused: Count = 0
    """Refused for want of room. They count as bad."""
    invalid: Count = 0
    """Mistakes of callers. They count nowhere."""


class RevisionShare(Written):
    """What one revision did for an objective."""

    revision: Name
    """Name of the revision; `others` for those that handled least where there are too many."""
    good: Count
    """Good requests."""
    total: Count
    """All requests that count."""
    attained_percent: Decimal
    """Percentage of good requests."""
    spent_percent: Decimal
    """Percentage of the whole period's error budget that it spent."""


class Incident(Written):
    """A stretch in which the budget was spent faster than the promise allows, without a pause."""

    start: Moment
    """Its first step of time."""
    end: Moment
    """End of its last step."""
    bad: Count
    """Bad requests."""
    total: Count
    """All requests that count."""
    worst_burn_rate: Decimal
    """The most by which a step of it was faster than allowed; at 1 a period spends just its budget."""
    spent_percent: Decimal
    """Percentage of the whole period's error budget that it spent."""
    revision: Name
    """The revision with most of the bad requests."""


class SlightStretches(Written):
    """Stretches in which requests were bad, with too few to judge: fewer than spec.sla.minTraffic has, or a
    single bad one. They spend the budget as all others do."""

    stretches: Count = 0
    """How many stretches."""
    bad: Count = 0
    """Bad requests in all of them."""
    total: Count = 0
    """All requests in them that count."""
    spent_percent: Decimal = "0"
    """Percentage of the whole period's error budget that they spent."""


class RevisionSteps(Written):
    """Counts of one revision, one number for each step of time."""

    revision: Name
    """Name of the revision, or `others`."""
    good: Steps
    """Good requests by step."""
    bad: Steps
    """Bad requests by step."""


class Timeline(Written):
    """The course of the period, in steps of equal length from observedFrom."""

    step_seconds: Annotated[int, Field(ge=1)]
    """Length of a step."""
    revisions: Annotated[tuple[RevisionSteps, ...], Field(max_length=MAX_REVISIONS), list_map("revision")]
    """Counts by revision."""


class Verdict(StrEnum):
    """Whether an objective was kept."""

    KEPT = "Kept"
    BROKEN = "Broken"
    TOO_LITTLE_TRAFFIC = "TooLittleTraffic"
    UNKNOWN_TIME = "UnknownTime"
    NOT_MEASURED = "NotMeasured"


class ObjectiveReport(Written):
    """One objective over the period."""

    name: Annotated[str, Field(max_length=40)]
    """Name of the objective."""
    promise: Text
    """The objective in words."""
    source: CountedAt = CountedAt.RUNTIME
    """Where its requests were counted: those counted elsewhere are put down to who handled most then."""
    target_percent: Decimal
    """Least percentage of good requests."""
    verdict: Verdict
    """Kept or Broken by what was counted; TooLittleTraffic with fewer requests than spec.sla.minTraffic has,
    or where a single bad one would decide; UnknownTime where it is not broken and more time is unknown than
    it lets fail; NotMeasured when no request was counted."""
    good: Count
    """Good requests."""
    total: Count
    """All requests that count."""
    attained_percent: Decimal | None = None
    """Percentage of good requests. Absent without requests."""
    allowed_bad: Decimal
    """How many of these requests may be bad: the error budget."""
    spent_percent: Decimal | None = None
    """Percentage of the error budget that is spent. Absent without requests."""
    revisions: Annotated[
        tuple[RevisionShare, ...], Field(max_length=MAX_REVISIONS), list_map("revision")
    ] = ()
    """What each revision did, that with most requests first."""
    incidents: Annotated[tuple[Incident, ...], Field(max_length=MAX_INCIDENTS)] = ()
    """Stretches in which the budget was spent too fast, in order of time, judged as the whole period is."""
    incidents_left_out: Count = 0
    """Incidents that are not listed: those with the fewest bad requests."""
    too_little_traffic: SlightStretches = SlightStretches()
    """What was bad beside the incidents, with too few requests to be one."""
    incident_step_seconds: Count
    """Length of the steps of time that incidents consist of."""
    unknown_seconds: Count
    """Time of which nobody can say what happened for this objective, all pods together."""
    timeline: Timeline
    """The course of the period."""


class RevisionRecord(Written):
    """A revision that handled requests in the period."""

    revision: Name
    """Name of the revision."""
    model_digest: Annotated[str, Field(max_length=71, pattern=DIGEST_FORM)] = ""
    """Digest of the bundle that its pods served; empty where no metric told it."""
    first: Moment
    """Start of the first step of time in which it handled requests."""
    last: Moment
    """End of the last one."""
    requests: Count
    """Requests that it handled or refused, without mistakes of callers."""


class PromiseChange(Written):
    """The promise was changed."""

    at: Moment
    """Since when the next one is in force."""
    before: Text
    """What was promised until then, in one line."""


class ExcludedTime(Written):
    """Time in which the promise did not hold."""

    name: Name
    """Name of the exclusion."""
    start: Moment
    """First moment."""
    end: Moment
    """First moment that counts again."""


class UnknownTime(Written):
    """Time of which nobody knows what happened. It is neither good nor bad."""

    start: Moment
    """First moment."""
    end: Moment
    """End of it."""
    cause: Annotated[str, Field(max_length=32)]
    """Reset, Gap, Start, End, Silence, Boundary or Wrong."""
    pod: Name = ""
    """The pod that cannot tell, or the gateway's proxy and rule; empty when none was sampled at all."""
    objective: Name = ""
    """The objective that it concerns; empty for all that are counted in the pods."""


class CauseSum(Written):
    """Unknown time of one cause."""

    cause: Annotated[str, Field(max_length=32)]
    """Reset, Gap, Start, End, Silence, Boundary or Wrong."""
    seconds: Count
    """Seconds, all pods together."""
    stretches: Count
    """How many stretches."""


class QueryRecord(Written):
    """What was asked of the metrics, so that anybody can ask it again."""

    query: Annotated[str, Field(max_length=2048)]
    """The query as it was sent."""
    first: Moment
    """Evaluation time of the first one."""
    last: Moment
    """Evaluation time of the last one."""
    times: Count
    """How often it was sent, at equal distances. Before the first of raw samples also the time of one scrape
    gap is asked for, whose last samples are the baselines."""
    series: Count
    """Series that answered."""
    samples: Count
    """Samples that answered."""


class ReportStatus(Written):
    """What was found. It is written once and never changed."""

    observed_generation: Annotated[int, Field(ge=0)] | None = None
    """metadata.generation that this status is about."""
    made_at: Moment | None = None
    """When it was made."""
    made_by: Name = ""
    """The program and its version."""
    period: Span | None = None
    """The time that it covers."""
    service: ReportedService | None = None
    """The service as it was when the report was made."""
    summary: Text = ""
    """Every objective with its verdict, in one line."""
    promise: Text = ""
    """The promise in one line."""
    sla_hash: Annotated[str, Field(max_length=64)] = ""
    """Hash of the promise."""
    sla: Annotated[FrozenJson, FrozenAs(dict[str, Any])] | None = None
    """The block spec.sla as it was when the report was made."""
    promise_known_from: Moment | None = None
    """Since when it is known what was promised, where that is not the whole period: no exclusion is applied
    before it."""
    promise_changes: Annotated[tuple[PromiseChange, ...], Field(max_length=MAX_CHANGES)] = ()
    """How the promise was changed between the period's start and the making of the report, in order of time.
    Targets are judged by the promise in `sla`; exclusions are applied while they were in force."""
    promise_changes_left_out: Count = 0
    """Changes that are not listed: the first ones."""
    requests: OutcomeCounts | None = None
    """Requests by outcome."""
    objectives: Annotated[
        tuple[ObjectiveReport, ...], Field(max_length=MAX_OBJECTIVES), list_map("name")
    ] = ()
    """Each objective."""
    revisions: Annotated[
        tuple[RevisionRecord, ...], Field(max_length=MAX_REVISIONS), list_map("revision")
    ] = ()
    """The revisions that handled requests, and the models that they served, in order of time."""
    revisions_left_out: Count = 0
    """Revisions that are not listed: those with the fewest requests."""
    excluded_seconds: Count = 0
    """Time in which the promise did not hold."""
    exclusions: Annotated[tuple[ExcludedTime, ...], Field(max_length=MAX_STRETCHES)] = ()
    """That time, stretch by stretch."""
    exclusions_left_out: Count = 0
    """Stretches that are not listed: the last ones."""
    unknown_seconds: Count = 0
    """Time of which a pod, or none of them, could tell. Stretches of several pods at once count once."""
    unknown_by_cause: Annotated[tuple[CauseSum, ...], Field(max_length=16), list_map("cause")] = ()
    """That time by cause."""
    unknown: Annotated[tuple[UnknownTime, ...], Field(max_length=MAX_STRETCHES)] = ()
    """That time, stretch by stretch, in order of time."""
    unknown_left_out: Count = 0
    """Stretches that are not listed: the shortest."""
    queries: Annotated[tuple[QueryRecord, ...], Field(max_length=MAX_QUERIES)] = ()
    """The exact queries behind the counts."""
    conditions: Annotated[tuple[Condition, ...], Field(max_length=8), list_map("type")] = ()
    """Complete: the report is made, or why it is not yet."""
