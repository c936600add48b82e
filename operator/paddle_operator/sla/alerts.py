"""The promise as rules for Prometheus: what is recorded of it, and when somebody is told. Pure.

One group a service, so that its rules are evaluated in this order and each sees what those before it found.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from paddle_operator import names
from paddle_operator.documents import render
from paddle_operator.sla import promql, runbooks
from paddle_operator.sla.burn import BurnRule, Severity, base_window, burn_rules, least_traffic, window_length
from paddle_operator.sla.exclusions import exclusions_of
from paddle_operator.sla.muting import excluded, local_time
from paddle_operator.sla.objectives import objective_text, window_text
from paddle_operator.sla.promql import Measured, Scope, duration, number
from paddle_operator.sla.runbooks import Runbook
from paddle_operator.spec.alerting import Alerting, BurnRate
from paddle_operator.spec.model import Service
from paddle_operator.spec.promise import Sla, WindowType
from paddle_operator.spec.report import CountedAt

RuleText = dict[str, Any]
"""One rule as Prometheus reads it."""

MOST_KEPT = 256
"""Services whose rules are kept in memory, with some ten KiB each."""
MISSING_AFTER = timedelta(minutes=10)
"""A service without metrics for so long is one that nobody can vouch for; a start takes less."""
NONE_READY_AFTER = timedelta(minutes=2)
"""Longer than the gap of a pod that is replaced alone; callers have got nothing for so long."""
NOT_MEASURED_AFTER = timedelta(minutes=15)
SPENT_AFTER = timedelta(minutes=5)
"""A budget that is spent stays so; a gap in the record at the border of a month does not."""


_NOT_GOT = {
    CountedAt.RUNTIME: "What they do not get is not counted in the promise.",
    CountedAt.GATEWAY: "The gateway counts what they do not get as bad.",
}


@dataclass(frozen=True, slots=True)
class _Told:
    """What every alert of a service has."""

    scope: Scope
    labels: Mapping[str, str]
    """Of the user."""
    address: str
    """Where the runbooks lie; "" for no links."""
    muted: bool

    def alert(
        self,
        name: str,
        expression: str,
        runbook: Runbook,
        texts: tuple[str, str],
        *,
        severity: Severity,
        objective: str = "",
        window: str = "",
        wait: timedelta = timedelta(),
    ) -> RuleText:
        """Write one alert. `texts` are its summary and its description."""
        return {
            "alert": name,
            "expr": promql.unless_excluded(expression, self.scope) if self.muted else expression,
            **({"for": duration(wait)} if wait else {}),
            "labels": {
                **self.labels,
                "severity": severity.value,
                **({"objective": objective} if objective else {}),
                **({"window": window} if window else {}),
            },
            "annotations": {
                "summary": f"{self.scope.namespace}/{self.scope.service}: {texts[0]}",
                "description": texts[1],
                **runbook.annotations(self.scope.namespace, self.scope.service, self.address),
            },
        }


def rule_groups(
    service: Service, address: str, availability: CountedAt = CountedAt.RUNTIME
) -> list[dict[str, Any]]:
    """Return the groups of rules; none where no alerts are wanted. `address`: where the
    runbooks lie, or "" for no links. `availability`: where it is counted.

    A service is looked at many times with the same promise: its rules are made once, and every caller gets
    them for itself.
    """
    identity, spec = service.identity, service.spec
    scope = Scope(identity.namespace, identity.name, availability)
    return list(json.loads(_groups(scope, spec.sla, spec.alerting, address)))


@functools.lru_cache(maxsize=MOST_KEPT)
def rule_text(scope: Scope, sla: Sla, alerting: Alerting, address: str) -> str:
    """Write the same groups as a file for Prometheus; "" where no alerts are wanted."""
    groups = json.loads(_groups(scope, sla, alerting, address))
    return render({"groups": groups}) if groups else ""


@functools.lru_cache(maxsize=MOST_KEPT)
def _groups(scope: Scope, sla: Sla, alerting: Alerting, address: str) -> str:
    """Make the groups, as JSON, which nobody changes and which is read fast."""
    if alerting.burn_rate is BurnRate.NONE:
        return "[]"
    told = _Told(scope, alerting.labels.thaw(), address, muted=bool(sla.exclusions))
    base = base_window(sla)
    rules = [*_time(sla, scope, base)]
    for objective in sla.objectives:
        measured = Measured(scope, objective, base)
        rules += _recorded(sla, measured)
        rules += _alerts(sla, measured, told)
    rules += [_none_ready(told), _missing(told)]
    name = f"paddle-sla.{scope.namespace}.{scope.service}"
    return json.dumps([{"name": name, "interval": duration(promql.EVERY), "rules": rules}])


def _rolling(sla: Sla) -> timedelta | None:
    return None if sla.window.type is WindowType.CALENDAR else window_length(sla)


def _record(name: str, expression: str, labels: Mapping[str, str]) -> RuleText:
    return {"record": name, "expr": expression, "labels": dict(labels)}


def _time(sla: Sla, scope: Scope, base: timedelta) -> Iterator[RuleText]:
    """What time it is where the promise's users live, and whether the promise holds now."""
    mine = {"namespace": scope.namespace, "service": scope.service}
    month_zone = sla.window.zone_name if sla.window.type is WindowType.CALENDAR else None
    zones = {one.time_zone for one in sla.exclusions} | ({month_zone} if month_zone else set())
    for zone in sorted(zones):
        yield _record(promql.LOCAL_TIME, local_time(ZoneInfo(zone)), {**mine, "time_zone": zone})
    if month_zone:
        yield _record(promql.MONTH, promql.month(scope, month_zone, base), mine)
    for exclusion in exclusions_of(sla):
        yield _record(promql.EXCLUDED, excluded(scope, exclusion), {**mine, "exclusion": exclusion.name})


def _recorded(sla: Sla, measured: Measured) -> Iterator[RuleText]:
    labels = measured.labels
    yield _record(promql.GOOD, promql.good(measured, exclusions=bool(sla.exclusions)), labels)
    yield _record(promql.TOTAL, promql.total(measured), labels)
    if _rolling(sla) is None:
        for metric in (promql.GOOD, promql.TOTAL):
            yield _record(metric + promql.OF_MONTH, promql.of_month(measured, metric), labels)
    rules = burn_rules(window_length(sla))
    for window in sorted({one for rule in rules for one in (rule.short, rule.long)}):
        yield _record(promql.BURN, promql.burn(measured, window), {**labels, "window": duration(window)})
    yield _record(promql.REMAINING, promql.remaining(measured, _rolling(sla)), labels)


def _alerts(sla: Sla, measured: Measured, told: _Told) -> Iterator[RuleText]:
    least, promised = least_traffic(sla), objective_text(measured.objective)
    for rule in burn_rules(window_length(sla)):
        yield told.alert(
            "PaddleSLABudgetBurn",
            promql.burns(measured, rule, least),
            runbooks.BURN,
            _burn_texts(sla, measured, rule),
            severity=rule.severity,
            objective=measured.objective.name,
            window=duration(rule.long),
        )
    yield told.alert(
        "PaddleSLABudgetSpent",
        promql.spent(measured, _rolling(sla), least),
        runbooks.SPENT,
        (
            f"objective {measured.objective.name} has no budget left",
            (
                f"Promised: {promised}, {window_text(sla.window)}. {{{{ $value | humanizePercentage }}}} of "
                "the budget remain: more requests were bad than the promise allows of those that came."
            ),
        ),
        severity=Severity.TICKET,
        objective=measured.objective.name,
        wait=SPENT_AFTER,
    )
    if measured.objective.latency is not None:
        yield told.alert(
            "PaddleSLAThresholdNotMeasured",
            promql.not_measured(measured),
            runbooks.NOT_MEASURED,
            (
                f"objective {measured.objective.name} is not measured",
                (
                    f"{{{{ $value }}}} pods have no histogram boundary at "
                    f"{measured.objective.latency.threshold_milliseconds} ms: they have not read the promise."
                ),
            ),
            severity=Severity.TICKET,
            objective=measured.objective.name,
            wait=NOT_MEASURED_AFTER,
        )


def _burn_texts(sla: Sla, measured: Measured, rule: BurnRule) -> tuple[str, str]:
    factor, long, short = number(rule.factor), duration(rule.long), duration(rule.short)
    lasts = timedelta(seconds=int(window_length(sla) / timedelta(seconds=1) / rule.factor))
    return (
        f"objective {measured.objective.name} spends its budget more than {factor} times too fast",
        (
            f"Promised: {objective_text(measured.objective)}, {window_text(sla.window)}. Over {long} "
            f"{{{{ $value | humanize }}}} times as many requests were bad as the promise allows, and over "
            f"{short} also more than {factor} times: at that rate a whole budget lasts {duration(lasts)}."
        ),
    )


def _none_ready(told: _Told) -> RuleText:
    return told.alert(
        "PaddleSLANoPodReady",
        promql.none_ready(told.scope),
        runbooks.NONE_READY,
        (
            "no pod is ready",
            (
                f"For {duration(NONE_READY_AFTER)} pods have been scraped and none was ready: callers get "
                f"nothing. {_NOT_GOT[told.scope.availability]}"
            ),
        ),
        severity=Severity.PAGE,
        wait=NONE_READY_AFTER,
    )


def _missing(told: _Told) -> RuleText:
    waited = duration(MISSING_AFTER)
    return told.alert(
        "PaddleSLAMetricsMissing",
        promql.missing(told.scope),
        runbooks.MISSING,
        (
            "nothing is measured",
            (
                f"For {waited} Prometheus has had no {names.METRIC_REQUESTS} of this service: no pod runs, "
                "or none is scraped. Nobody knows whether the promise is kept."
            ),
        ),
        severity=Severity.PAGE,
        wait=MISSING_AFTER,
    )
